package admin

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// every has one good statement per command, and what it makes the proxy do.
var every = map[string]struct{ query, call string }{
	"show":        {"SHOW POOLS", ""},
	"select":      {"SELECT 1", ""},
	"pause":       {"PAUSE shop", "pause shop"},
	"suspend":     {"SUSPEND", "suspend"},
	"resume":      {"RESUME", "resume "},
	"disable":     {`DISABLE "my ""db"""`, `disable my "db"`},
	"enable":      {"ENABLE 2Shop", "enable 2Shop"},
	"reconnect":   {"RECONNECT", "reconnect "},
	"flush":       {"FLUSH CACHE products", "flush products"},
	"purge":       {"PURGE HTTP_CACHE", `purge {"" "" "" ""}`},
	"wait_close":  {"WAIT_CLOSE shop", "wait_close shop"},
	"kill":        {"KILL shop", "kill shop"},
	"kill_client": {"KILL_CLIENT 7", "kill_client 7"},
	"drain":       {"DRAIN redis/10.0.4.1:6379", "server redis 10.0.4.1:6379 1"},
	"maint":       {"MAINT redis/r1", "server redis r1 2"},
	"ready":       {"READY 'redis/r 1'", "server redis r 1 0"},
	"switchover":  {"SWITCHOVER shop pg-b.example:5432", "switchover shop pg-b.example:5432"},
	"reload":      {"RELOAD", "reload"},
	"shutdown":    {"SHUTDOWN WAIT_FOR_CLIENTS", "shutdown 2"},
	"set":         {"SET datestyle TO 'ISO'", ""},
	"reset":       {"RESET ALL", ""},
	"unlisten":    {"UNLISTEN *", ""},
	"close":       {"CLOSE ALL", ""},
	"discard":     {"DISCARD ALL", ""},
	"deallocate":  {"DEALLOCATE ALL", ""},
	"begin":       {"BEGIN; ROLLBACK", ""},
	"start":       {"START TRANSACTION READ ONLY; ROLLBACK", ""},
	"commit":      {"COMMIT", ""},
	"end":         {"END", ""},
	"rollback":    {"ROLLBACK", ""},
	"abort":       {"ABORT", ""},
}

// Every command for every role: refused with 42501 and without effect, or
// carried out. The table of commands and this one name the same ones.
func TestRights(t *testing.T) {
	if a, b := slices.Sorted(maps.Keys(every)), slices.Sorted(maps.Keys(commands)); !slices.Equal(a, b) {
		t.Fatalf("tested %v\ncommands %v", a, b)
	}
	verbs := 0
	for _, role := range []Role{None, Viewer, Admin} {
		p := newProxy()
		c := dial(t, p, Session{User: "u", Role: role})
		for name, sample := range every {
			allowed := role == Admin || role == Viewer && sample.call == ""
			got := c.ask(sample.query)
			calls := p.taken()
			if refused := got[0] == "E "+pgerror.InsufficientPrivilege; refused == allowed {
				t.Errorf("%s for %s: %q", name, role, got)
			}
			if want := allowed && sample.call != ""; want != (len(calls) > 0) || want && calls[0] != sample.call {
				t.Errorf("%s for %s did %q", name, role, calls)
			}
			if sample.call != "" {
				verbs++
				if commands[name].need != Admin {
					t.Errorf("%s acts and does not need admin rights", name)
				}
			}
		}
	}
	if verbs != 3*17 {
		t.Errorf("%d verbs tried, want all 17 for 3 roles", verbs)
	}
}

// An operator who loses patience stops waiting for a switchover.
func TestSwitchoverIsInterrupted(t *testing.T) {
	p, interrupt := newProxy(), &Interrupt{}
	c := dial(t, p, Session{Role: Admin, Interrupt: interrupt})
	c.say(&pgproto3.Query{String: "SWITCHOVER slow"})
	<-p.slow
	interrupt.Fire()
	if got := strings.Join(c.until("Z"), ", "); got != "E 57014, Z I" {
		t.Errorf("got %s", got)
	}
}

// What SWITCHOVER is told, in all the ways to say it.
func TestSwitchover(t *testing.T) {
	p := newProxy()
	c := dial(t, p, Session{Role: Admin})
	for query, want := range map[string]string{
		"SWITCHOVER":                         "switchover  ",
		"switchover shop":                    "switchover shop ",
		"switchover shop 10.0.1.2:5432;":     "switchover shop 10.0.1.2:5432",
		"switchover shop [::1]:5432":         "switchover shop [::1]:5432",
		"switchover shop unix:/run/pg":       "switchover shop unix:/run/pg",
		`switchover "my db" "pg b:5432"`:     "switchover my db pg b:5432",
		"switchover shop 'pg-b:5432'":        "switchover shop pg-b:5432",
		"switchover shop /* to */ pg-b:5432": "switchover shop pg-b:5432",
	} {
		if got := c.ask(query); got[len(got)-2] != "C SWITCHOVER" {
			t.Errorf("%s: %q", query, got)
		}
		if calls := p.taken(); !slices.Equal(calls, []string{want}) {
			t.Errorf("%s did %q, want %q", query, calls, want)
		}
	}
}

// What PURGE is told, in all the ways to say it, and what it refuses.
func TestPurge(t *testing.T) {
	p := newProxy()
	c := dial(t, p, Session{Role: Admin})
	for query, want := range map[string]string{
		"PURGE HTTP_CACHE":                            `{"" "" "" ""}`,
		"purge http_cache route static":               `{"" "static" "" ""}`,
		"purge http_cache route web/static;":          `{"web" "static" "" ""}`,
		`purge http_cache route "my web/my route"`:    `{"my web" "my route" "" ""}`,
		"purge http_cache host shop.example:8080":     `{"" "" "shop.example:8080" ""}`,
		"purge http_cache url 'https://shop.example'": `{"" "" "" "https://shop.example"}`,
	} {
		if got := strings.Join(c.ask(query), ", "); got != "T4, D web|static|2|3000, C PURGE HTTP_CACHE, Z I" {
			t.Errorf("%s: %s", query, got)
		}
		if calls := p.taken(); !slices.Equal(calls, []string{"purge " + want}) {
			t.Errorf("%s did %q, want %q", query, calls, want)
		}
	}
	for query, state := range map[string]string{
		"PURGE": "42601", "PURGE CACHE": "42601", "PURGE HTTP_CACHE ROUTE": "42601", "PURGE HTTP_CACHE static": "42601",
		"PURGE HTTP_CACHE HOST a b": "42601", "PURGE HTTP_CACHE URL '/img'": "22023",
	} {
		if got := c.ask(query); got[0] != "E "+state || len(p.taken()) > 0 {
			t.Errorf("%s: %q", query, got)
		}
	}
}

// A client without any right cannot even find out which commands there are.
func TestNoneLearnsNothing(t *testing.T) {
	c := dial(t, newProxy(), Session{Role: None})
	for _, q := range []string{"BOGUS", "SHOW BOGUS", "KILL_CLIENT x", "SELECT 1", "SHOW HELP"} {
		if got := c.ask(q); got[0] != "E 42501" {
			t.Errorf("%s: %q", q, got)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, tc := range []struct{ query, want string }{
		{"", "EmptyQueryResponse, Z I"},
		{" ; -- ping\n /* a /* nested */ one */;", "EmptyQueryResponse, Z I"},
		{"show version", "T1, D PgBouncer 1.25.2 (wye 0.3.1), C SHOW, Z I"},
		{"SELECT VERSION;", "T1, D PgBouncer 1.25.2 (wye 0.3.1), C SHOW, Z I"},
		{"select version()", "T1, D PgBouncer 1.25.2 (wye 0.3.1), C SELECT 1, Z I"},
		{"select 1", "T1, D 1, C SELECT 1, Z I"},
		{"select 'it''s'", "T1, D it's, C SELECT 1, Z I"},
		{"SELECT pg_catalog.pg_is_in_recovery()", "T1, D f, C SELECT 1, Z I"},
		{"select current_user", "T1, D admin, C SELECT 1, Z I"},
		{"SHOW STATE; SHOW VERSION", "T2, D active|yes, D paused|no, D suspended|no, C SHOW, T1, D PgBouncer 1.25.2 (wye 0.3.1), C SHOW, Z I"},
		{"SHOW HELP", "N NOTICE, C SHOW, Z I"},
		{"SHOW", "N NOTICE, C SHOW, Z I"},
		{"show datestyle", "T1, D ISO, MDY, C SHOW, Z I"},
		{"SHOW TRANSACTION ISOLATION LEVEL", "T1, D read committed, C SHOW, Z I"},
		{"SHOW time zone", "T1, D GMT, C SHOW, Z I"},
		{"SET client_encoding TO 'UTF-8'", "C SET, Z I"},
		{"SET NAMES 'utf8'", "C SET, Z I"},
		{"SET datestyle = ISO", "C SET, Z I"},
		{"SET datestyle = 'German'", "N NOTICE, C SET, Z I"},
		{"SET SESSION statement_timeout = 5", "N NOTICE, C SET, Z I"},
		{"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "C SET, Z I"},
		{"SET TIME ZONE 'Europe/Berlin'", "N NOTICE, C SET, Z I"},
		{"SET application_name = 'x y'", "C SET, Z I"},
		{"SET max_client_conn = 5", "E 0A000, Z I"},
		{"SET bogus = 5", "E 42704, Z I"},
		{"SET", "E 42601, Z I"},
		{"BEGIN", "C BEGIN, Z T"},
		{"bogus", "E 42601, Z I"},
		{"show bogus", "E 42601, Z I"},
		{"show pools pools", "E 42601, Z I"},
		{"'show' pools", "E 42601, Z I"},
		{"pause a b", "E 42601, Z I"},
		{"pause nosuch", "E 3D000, Z I"},
		{"pause broken", "E 55000, Z I"},
		{"disable", "E 42601, Z I"},
		{"kill_client", "E 42601, Z I"},
		{"kill_client x", "E 22023, Z I"},
		{"kill_client 99999999999999999999", "E 22023, Z I"},
		{"switchover a b c", "E 42601, Z I"},
		{"switchover 'a'", "E 42601, Z I"},
		{"switchover shop ''", "E 42601, Z I"},
		{"switchover nosuch :", "T1, D the primary of shop is 10.0.1.2:5432 now, C SWITCHOVER, Z I"},
		{"SHOW HOSTS WHERE lag_bytes > 8000", "T15, D shop|10.0.1.2:5432|replica|up|b|2|3|8192|1234|3|1099511627776|1|812|2026-01-02 03:04:05 UTC|, C SHOW, Z I"},
		{"shutdown now", "E 42601, Z I"},
		{"reload", "E F0000, Z I"},
		{"select * from pg_class", "E 42601, Z I"},
		{"show \"pools", "E 42601, Z I"},
		{"show /* pools", "E 42601, Z I"},
		{"deallocate x", "E 26000, Z I"},
		{"discard plans", "C DISCARD PLANS, Z I"},
		{"discard x", "E 42601, Z I"},
		{"rollback to s", "E 42601, Z I"},
		{"COMMIT WORK", "C COMMIT, Z I"},
		{"UNLISTEN *; RESET ALL; SELECT pg_advisory_unlock_all(); CLOSE ALL", "C UNLISTEN, C RESET, T1, D , C SELECT 1, C CLOSE CURSOR ALL, Z I"},
		{"SHOW STATS WHERE bogus = 1", "E 42703, Z I"},
		{"SHOW LISTS WHERE items = 'x'", "E 22023, Z I"},
		{"SHOW LISTS WHERE items > 1 AND list <> 'used_servers' ORDER BY items DESC, list LIMIT 2", "T2, D free_clients|9998, D databases|2, C SHOW, Z I"},
		{"SHOW USERS WHERE pool_mode = 'session'", "T8, D ops|2||session|0|0|0|0, C SHOW, Z I"},
	} {
		c := dial(t, newProxy(), Session{User: "admin", Role: Admin})
		if got := strings.Join(c.ask(tc.query), ", "); got != tc.want {
			t.Errorf("%q\n got %s\nwant %s", tc.query, got, tc.want)
		}
	}
}

// One mistake stops the whole string: no verb of it may run.
func TestMistakeStopsAll(t *testing.T) {
	p := newProxy()
	c := dial(t, p, Session{Role: Admin})
	if got := c.ask("PAUSE shop; BOGUS"); got[0] != "E 42601" || len(got) != 2 {
		t.Errorf("answer %q", got)
	}
	if calls := p.taken(); len(calls) != 0 {
		t.Errorf("did %q", calls)
	}
}

func TestTransactionState(t *testing.T) {
	c := dial(t, newProxy(), Session{Role: Admin})
	for _, step := range []struct{ query, want string }{
		{"BEGIN", "C BEGIN, Z T"},
		{"SHOW BOGUS", "E 42601, Z E"},
		{"SHOW STATE", "E 25P02, Z E"},
		{"COMMIT", "C ROLLBACK, Z I"},
		{"BEGIN; SELECT 1; COMMIT", "C BEGIN, T1, D 1, C SELECT 1, C COMMIT, Z I"},
	} {
		if got := strings.Join(c.ask(step.query), ", "); got != step.want {
			t.Errorf("%s: got %s, want %s", step.query, got, step.want)
		}
	}
}

func TestSyntaxErrorPosition(t *testing.T) {
	for query, want := range map[string]int{"/* ä */ bogus": 9, "show pools x": 12, "pause": 0, "disable": 8} {
		statements, err := split(query)
		if err != nil {
			t.Fatal(err)
		}
		s := newSession(newProxy(), Session{Role: Admin})
		_, got := s.plan(query, statements[0])
		if want == 0 {
			if got != nil {
				t.Errorf("%q: %v", query, got)
			}
			continue
		}
		wrong, ok := got.(*pgerror.Error)
		if !ok || wrong.Position != want || wrong.Hint == "" {
			t.Errorf("%q: %#v, want position %d", query, got, want)
		}
	}
}

// Whatever a client writes is an answer or an error, and never runs a verb
// that its words do not say.
func FuzzPlan(f *testing.F) {
	for _, sample := range every {
		f.Add(sample.query)
	}
	f.Add("SHOW CLIENTS WHERE wait >= '5' ORDER BY id DESC LIMIT 3; /*x*/ SELECT 'a''b'")
	f.Add(`pause "x`)
	f.Fuzz(func(t *testing.T, query string) {
		statements, wrong := split(query)
		if wrong != nil {
			return
		}
		p := newProxy()
		s := newSession(p, Session{Role: Viewer})
		for _, tokens := range statements {
			plan, err := s.plan(query, tokens)
			if (plan == nil || plan.run == nil) && err == nil {
				t.Fatalf("%q gives neither a plan nor an error", query)
			}
			if err != nil {
				continue
			}
			if _, err := plan.run(t.Context(), s); err != nil && s.tx == idle {
				if _, ok := err.(*pgerror.Error); !ok {
					t.Fatalf("%q: %v", query, err)
				}
			}
		}
		if calls := p.taken(); len(calls) > 0 {
			t.Fatalf("a viewer's %q did %q", query, calls)
		}
	})
}
