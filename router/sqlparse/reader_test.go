package sqlparse

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// statements that drivers and ORMs send over and over.
var frequent = []struct{ name, sql string }{
	{"pgbench", "SELECT abalance FROM pgbench_accounts WHERE aid = 4711711;"},
	{"pgbench_insert", "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 3, 4711, -123, CURRENT_TIMESTAMP);"},
	{"prepared", "SELECT name FROM users WHERE id = $1"},
	{"begin", "BEGIN"},
	{"rails", `SELECT "posts".* FROM "posts" WHERE "posts"."user_id" = 42 AND "posts"."state" = 'published' ORDER BY "posts"."id" DESC LIMIT 20 OFFSET 0`},
	{"rails_comment", `SELECT "users".* FROM "users" WHERE "users"."id" = $1 LIMIT $2 /*application='x',controller='users',action='show'*/`},
	{"django", `SELECT "auth_user"."id", "auth_user"."password", "auth_user"."last_login", "auth_user"."is_superuser", "auth_user"."username", ` +
		`"auth_user"."first_name", "auth_user"."last_name", "auth_user"."email", "auth_user"."is_staff", "auth_user"."is_active", ` +
		`"auth_user"."date_joined" FROM "auth_user" WHERE "auth_user"."id" = 21 LIMIT 21`},
	{"in10", `SELECT "a"."id", "a"."name" FROM "a" WHERE "a"."id" IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10) ORDER BY "a"."id" ASC`},
	{"set", "SET application_name = 'web-17'"},
}

func TestNoAllocations(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, c := range frequent {
		sql := []byte(c.sql)
		r.Read(sql)
		if n := testing.AllocsPerRun(100, func() { r.Read(sql) }); n > 0 && slow == 1 {
			t.Errorf("%s: %v allocations on a hit", c.name, n)
		}
	}
}

func TestLiteralsShareAStatement(t *testing.T) {
	r := newTestReader(t, 1<<20)
	same := func(a, b string) bool { return r.Read([]byte(a)) == r.Read([]byte(b)) }
	for _, c := range [][2]string{
		{"select * from t where a = 1", "select * from t where a = 2"},
		{"select * from t where a = 'x'", "select * from t where a = E'it\\'s'"},
		{"select * from t where a in (1)", "select * from t where a in (1, 2, 3)"},
		{"insert into t values (1, 'a')", "insert into t values (1, 'a'), (2, 'b')"},
		{"select 1 /* a */", "select 1 /* b */"},
		{"BEGIN", "begin;"}, {"commit", "END"},
	} {
		if !same(c[0], c[1]) {
			t.Errorf("%s and %s are kept apart", c[0], c[1])
		}
	}
	for _, c := range [][2]string{
		{"select $1", "select $2"}, {"select 1", "select 1.5"}, {"select 1", "select '1'"},
		{"set a = 1", "set a = 2"}, {"select 1 /* wye: x */", "select 1 /* wye: y */"},
		{"select 9", "select 99999999999"},
	} {
		if same(c[0], c[1]) {
			t.Errorf("%s and %s share a Statement", c[0], c[1])
		}
	}
}

// TestOneParse: however many ask for a new shape at once, it is parsed once.
func TestOneParse(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for round := range 20 {
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() { r.Read(fmt.Appendf(nil, "select a%d from t where b = %d", round, i)) })
		}
		wg.Wait()
		if got := r.Stats(); got.Misses != uint64(round+1) || got.Entries != round+1 {
			t.Fatalf("round %d: %+v", round, got)
		}
	}
}

// TestManyTexts: when literals matter, each text gets its own answer, at once
// and from many goroutines.
func TestManyTexts(t *testing.T) {
	r := newTestReader(t, 1<<20)
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			want := fmt.Sprint(i % 40)
			st := r.Read([]byte("select set_config('a', '" + want + "', false)"))
			if e := st.Parts[0].Effects; len(e) != 1 || e[0].Value != want {
				t.Errorf("%s: %v", want, st)
			}
			bad := r.Read([]byte("select E'\\x" + strings.Repeat("z", i%2) + "'")) // half do not parse
			if !bad.Plain() {
				t.Error(bad)
			}
		})
	}
	wg.Wait()
}

func TestCacheIsBounded(t *testing.T) {
	const limit = 256 << 10
	r := newTestReader(t, limit)
	for i := range 5000 {
		r.Read(fmt.Appendf(nil, "select %s from t%d", strings.Repeat("a", i%100+1), i))
	}
	got := r.Stats()
	if got.Bytes > limit || got.Bytes < limit/2 || got.Entries < 100 {
		t.Errorf("%+v, limit %d", got, limit)
	}
	var sum int64
	for _, s := range r.shards {
		for _, e := range s.plans.Values() {
			sum += e.cost
		}
	}
	if sum != got.Bytes {
		t.Errorf("%d bytes are accounted for, %d are there", got.Bytes, sum)
	}
	none := newTestReader(t, 0)
	for range 2 {
		if st := none.Read([]byte("select 1")); st.Kind() != KindSelect || none.Stats().Entries != 0 {
			t.Error(st, none.Stats())
		}
	}
}

// TestReadKeepsNothing: the caller's buffer is overwritten after each Read.
func TestReadKeepsNothing(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, text := range []string{"set a = 'b'", "savepoint abc", "listen def", "select x from y", "selec pg_temp; savepoint z"} {
		sql := []byte(text)
		st := r.Read(sql)
		want := st.String()
		for i := range sql {
			sql[i] = '#'
		}
		if st.String() != want || r.Read([]byte(text)).String() != want {
			t.Errorf("%s: %s, want %s", text, st, want)
		}
	}
}

func TestClose(t *testing.T) {
	r := NewReader(1 << 20)
	old := r.Read([]byte("set a = 'b'"))
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { r.Read(fmt.Appendf(nil, "select a%d", i)) })
	}
	r.Close()
	r.Close()
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("a Read hangs after Close")
	}
	if r.Read([]byte("set a = 'b'")) != old {
		t.Error("what was known is forgotten")
	}
	if st := r.Read([]byte("set a = 'never seen'")); st.Plain() || st.Parsed() {
		t.Errorf("after Close %v", st)
	}
}

// TestFault: a panic while reading marks the text as one that could do
// anything, and the Reader goes on.
func TestFault(t *testing.T) {
	r := NewReader(1 << 20)
	defer r.Close()
	f := &flight{sql: []byte("select 1"), done: make(chan struct{})}
	r.read(f, func([]byte) verdict { panic("a bug") })
	if f.st != Opaque() || r.Stats().Faults != 1 {
		t.Error(f.st, r.Stats())
	}
}

func TestSetConfig(t *testing.T) {
	value := "pg_temp, public"
	for _, c := range []struct {
		name  string
		value *string
		want  string
	}{
		{"Search_Path", &value, `[set name="search_path" value="pg_temp, public" local temp-object]`},
		{"role", nil, `[reset name="role" local]`},
		{"transaction_isolation", &value, "[]"},
		{"seed", &value, "[set-seed]"},
		{"session_authorization", &value, `[session-authorization value="pg_temp, public" local]`},
		{"session_authorization", nil, `[session-authorization-default local]`},
	} {
		if got := fmt.Sprint(SetConfig(c.name, c.value, true)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOpaque(t *testing.T) {
	if Opaque().Plain() || Opaque().Parsed() || Opaque().Kind() != KindUnknown {
		t.Error(Opaque())
	}
}
