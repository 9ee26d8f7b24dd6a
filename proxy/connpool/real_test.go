package connpool

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// realServers dials one real server as one user, who is trusted.
type realServers struct{ addr, user string }

func (r realServers) Dial(ctx context.Context) (*protocol.ServerConn, error) {
	return protocol.Dial(ctx, protocol.DialOptions{
		Addr: r.addr, Params: []protocol.Param{{Name: "user", Value: r.user}, {Name: "database", Value: "app"}, {Name: "application_name", Value: "wye"}},
		Authenticator: func(*x509.Certificate) protocol.Authenticator { return trust{} },
	})
}

func (realServers) Cancel(ctx context.Context, c *protocol.ServerConn) error {
	return c.CancelQuery(ctx)
}

func realPool(t *testing.T, r realServers, l Limits) *Pool {
	t.Helper()
	hangups, err := protocol.NewHangups()
	must(t, err)
	var ids atomic.Uint64
	p := NewPool("app", r.user, l, r, hangups, func() uint64 { return ids.Add(1) })
	t.Cleanup(func() {
		p.Close()
		hangups.Close()
	})
	return p
}

// value asks for one value.
func value(t *testing.T, c *Conn, sql string) string {
	t.Helper()
	got := "(no row)"
	_, err := c.Ask(protocol.AppendQuery(nil, sql), func(_ int, v []byte) {
		if got = string(v); v == nil {
			got = "(null)"
		}
	})
	must(t, err)
	return got
}

func run(t *testing.T, c *Conn, sql ...string) {
	t.Helper()
	for _, s := range sql {
		_, err := c.Ask(protocol.AppendQuery(nil, s), nil)
		must(t, err)
	}
}

func TestRealServer(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "connpool", HBA: []string{"host all all 127.0.0.1/32 trust"}})
	addr := cluster.Primary.Addr()
	for _, sql := range []string{"create role weak", "grant weak to app", "create role strong superuser login", "grant weak to strong"} {
		must(t, cluster.Primary.Exec(t.Context(), sql))
	}
	app := realServers{addr, "app"}
	each := func(name string, r realServers, f func(t *testing.T, p *Pool, c *Conn)) {
		t.Run(name, func(t *testing.T) {
			p := realPool(t, r, Limits{Size: 2, QueueTimeout: 10 * time.Second, Prepared: 10})
			c := acquire(t, p)
			f(t, p, c)
			p.Release(c)
		})
	}

	each("adopt", app, func(t *testing.T, p *Pool, c *Conn) {
		first := NewParams([2]string{"search_path", `"my schema", pg_catalog, "$user"`}, [2]string{"datestyle", "German, DMY"},
			[2]string{"application_name", `it's \ a "name"`}, [2]string{"my.own", ""}, [2]string{"statement_timeout", "1234"}, [2]string{"role", "weak"})
		second := NewParams([2]string{"timezone", "Europe/Berlin"}, [2]string{"search_path", ""}, [2]string{"bytea_output", "escape"})
		for _, want := range []Params{first, second, first, {}, second} {
			must(t, c.Adopt(want))
			for name, v := range want.All {
				got := value(t, c, "select pg_catalog.current_setting('"+name+"')")
				if name == "statement_timeout" {
					v = "1234ms"
				}
				if got != v {
					t.Errorf("%s is %q, want %q", name, got, v)
				}
			}
			for name := range first.All {
				if _, ok := want.Get(name); !ok && name != "my.own" && value(t, c, "select pg_catalog.current_setting('"+name+"') is distinct from boot_val from pg_catalog.pg_settings where name = '"+name+"' and source = 'session'") != "(no row)" {
					t.Errorf("%s is still set", name)
				}
			}
		}
		if v, _ := c.Reported.Get("timezone"); v != "Europe/Berlin" {
			t.Errorf("reported time zone %q", v)
		}
	})

	each("adopt what is refused", app, func(t *testing.T, p *Pool, c *Conn) {
		good := NewParams([2]string{"timezone", "Europe/Berlin"})
		must(t, c.Adopt(good))
		for code, bad := range map[string][2]string{
			pgerror.InvalidParameterValue: {"datestyle", "nonsense"},
			pgerror.UndefinedObject:       {"no_such_parameter", "1"},
			pgerror.InsufficientPrivilege: {"log_statement", "all"},
		} {
			err := c.Adopt(NewParams([2]string{"application_name", "half"}, bad))
			var e *pgerror.Error
			if !errors.As(err, &e) || e.Code != code || c.Doomed() {
				t.Errorf("%v: %v", bad, err)
			}
			if v := value(t, c, "select current_setting('application_name') || current_setting('timezone')"); v != "wyeEurope/Berlin" || c.Params != good {
				t.Errorf("after %v the session has %q", bad, v)
			}
		}
	})

	// A statement timeout of the client before is none of this one's.
	t.Run("adopt under a timeout", func(t *testing.T) {
		p := realPool(t, app, Limits{Size: 2, QueueTimeout: 10 * time.Second})
		c := acquire(t, p)
		must(t, c.Adopt(NewParams([2]string{"statement_timeout", "1"}, [2]string{"my.slow", "x"})))
		refused := 0
		for i := range 100 {
			var big Params
			for n := range 200 {
				big = big.With(fmt.Sprintf("my.p%d", n), fmt.Sprint(i))
			}
			err := c.Adopt(big.With("statement_timeout", "1"))
			var e *pgerror.Error
			if errors.As(err, &e) {
				t.Fatalf("told to the client: %v", err)
			}
			if err != nil {
				if !c.Doomed() {
					t.Fatal("not in step, and not doomed")
				}
				refused++
				p.Release(c)
				c = acquire(t, p)
			}
		}
		t.Logf("%d of 100 met the timeout", refused)
		p.Release(c)
	})

	// What was set before SET ROLE takes the rights of who logged in.
	each("adopt with a role", realServers{addr, "strong"}, func(t *testing.T, p *Pool, c *Conn) {
		a := NewParams([2]string{"role", "weak"}, [2]string{"log_min_messages", "error"})
		b := NewParams([2]string{"role", "weak"}, [2]string{"log_min_messages", "fatal"})
		for _, want := range []Params{a, b, {}, a, NewParams([2]string{"log_min_messages", "panic"}), b} {
			must(t, c.Adopt(want))
			level, _ := want.Get("log_min_messages")
			role, ok := want.Get("role")
			if !ok {
				role = "strong"
			}
			if got := value(t, c, "select current_user || ' ' || current_setting('log_min_messages')"); level != "" && got != role+" "+level {
				t.Errorf("%q, want %q %q", got, role, level)
			}
		}
	})

	each("adopt very many", app, func(t *testing.T, p *Pool, c *Conn) {
		var want Params
		names := []string{}
		for i := range 1010 {
			names = append(names, fmt.Sprintf("my.p%04d", i))
			want = want.With(names[i], "v")
		}
		must(t, c.Adopt(want))
		got, err := c.Current(Params{}, names)
		must(t, err)
		if got != want {
			t.Errorf("%d bytes, want %d", got.size(), want.size())
		}
		must(t, c.Adopt(Params{}))
		long := NewParams([2]string{"my.long", strings.Repeat("v", 4<<20)})
		must(t, c.Adopt(long))
		if got, err = c.Current(Params{}, []string{"my.long"}); err != nil || got != long {
			t.Errorf("%d bytes, %v", got.size(), err)
		}
	})

	each("current", app, func(t *testing.T, p *Pool, c *Conn) {
		run(t, c, "set work_mem = '7MB'; set datestyle to german; set my.own = 'x'; set role weak")
		want := NewParams([2]string{"work_mem", "7MB"}, [2]string{"datestyle", "German, DMY"}, [2]string{"my.own", "x"}, [2]string{"role", "weak"})
		got, err := c.Current(NewParams([2]string{"geqo", "off"}), []string{"work_mem", "datestyle", "my.own", "role", "geqo", "no.such"})
		must(t, err)
		if got != want {
			t.Errorf("named: %v, want %v", contents(got), contents(want))
		}
		got, err = c.CurrentAll([]string{"my.own"})
		must(t, err)
		if got != want {
			t.Errorf("all: %v, want %v", contents(got), contents(want))
		}
		must(t, c.Clean())
		got, err = c.CurrentAll([]string{"my.own"})
		must(t, err)
		if got = got.Without("my.own"); !got.Empty() {
			t.Errorf("after Clean: %v", contents(got))
		}
	})

	each("audit", app, func(t *testing.T, p *Pool, c *Conn) {
		held := func() string {
			h, err := c.Audit()
			must(t, err)
			return fmt.Sprintf("%v", h)
		}
		none := "{false false false false false app}"
		if h := held(); h != none {
			t.Errorf("a new session holds %s", h)
		}
		for _, tt := range []struct{ hold, want, release string }{
			{"select pg_advisory_lock(1)", "{true false false false false app}", "select pg_advisory_unlock(1)"},
			{"create temp table tt ()", "{false true false false false app}", "drop table tt"},
			{"create function pg_temp.f() returns int language sql as 'select 1'", "{false true false false false app}", "drop function pg_temp.f()"},
			{"create type pg_temp.e as enum ()", "{false true false false false app}", "drop type pg_temp.e"},
			{"declare c cursor with hold for select 1", "{false false true false false app}", "close c"},
			{"prepare x as select 1", "{false false false true false app}", "deallocate x"},
			{"prepare wyex as select 1", "{false false false true false app}", "deallocate wyex"},
			{"listen ch", "{false false false false true app}", "unlisten ch"},
			{"set standard_conforming_strings to off", none, "reset standard_conforming_strings"},
		} {
			run(t, c, tt.hold)
			if h := held(); h != tt.want {
				t.Errorf("after %s it holds %s, want %s", tt.hold, h, tt.want)
			}
			run(t, c, tt.release)
			if h := held(); h != none {
				t.Errorf("after %s it holds %s", tt.release, h)
			}
		}
		_, err := c.Prepare(&Prepared{Name: "wye_1", SQL: "select 1", OIDs: []byte{0, 0}})
		must(t, err)
		if h := held(); h != none {
			t.Errorf("a statement of ours counts: %s", h)
		}
		must(t, c.Clean())
	})

	each("audit of an authorization", realServers{addr, "strong"}, func(t *testing.T, p *Pool, c *Conn) {
		run(t, c, "set session authorization app")
		h, err := c.Audit()
		must(t, err)
		if h.User != "app" {
			t.Errorf("user %s", h.User)
		}
		must(t, c.Clean())
		if h, err = c.Audit(); err != nil || h.User != "strong" {
			t.Errorf("user %s, %v", h.User, err)
		}
	})

	each("clean", app, func(t *testing.T, p *Pool, c *Conn) {
		pr := &Prepared{Name: "wye_1", SQL: "select 1", OIDs: []byte{0, 0}}
		for _, before := range []string{"select 1", "begin", "begin; select 1/0", "begin; create temp table tt (); commit; listen x"} {
			must(t, c.Adopt(NewParams([2]string{"timezone", "CET"}, [2]string{"role", "weak"})))
			_, err := c.Prepare(pr)
			must(t, err)
			c.Remember(pr, 1)
			run(t, c, "select pg_advisory_lock(7)", "set my.own to 'left behind'")
			_, _ = c.Ask(protocol.AppendQuery(nil, before), nil)
			must(t, c.Clean())
			if c.Status != protocol.TxIdle || !c.Params.Empty() || c.PreparedCount() != 0 || c.Doomed() {
				t.Errorf("after %q: %q %v %d", before, c.Status, contents(c.Params), c.PreparedCount())
			}
			if v := value(t, c, "select current_user || current_setting('timezone') || coalesce(current_setting('my.own', true), '') || (select count(*) from pg_locks where locktype = 'advisory')"); v != "appUTC0" {
				t.Errorf("after %q the session has %s", before, v)
			}
		}
	})

	// Cancel requests at every moment around the end of a query: what follows
	// Settle is never hit.
	each("settle", app, func(t *testing.T, p *Pool, c *Conn) {
		hits := 0
		for i := range 100 {
			done := make(chan struct{})
			c.BeginCancel()
			go func() {
				defer close(done)
				defer c.EndCancel()
				time.Sleep(time.Duration(i%15) * 200 * time.Microsecond)
				if err := c.Cancel(t.Context()); err != nil {
					t.Error(err)
				}
			}()
			// Most are over when the cancel comes; on a busy machine all of
			// them would be, but for every tenth.
			query := "select pg_sleep(0.002)"
			if i%10 == 9 {
				query = "select pg_sleep(0.1)"
			}
			_, err := c.Ask(protocol.AppendQuery(nil, query), nil)
			var e *pgerror.Error
			if errors.As(err, &e) && e.Code == pgerror.QueryCanceled {
				hits++
			} else {
				must(t, err)
			}
			must(t, c.Settle())
			for range 3 {
				run(t, c, "select pg_sleep(0.0001)")
			}
			<-done
		}
		if hits == 0 || hits == 100 {
			t.Errorf("%d of 100 cancels came in time: nothing was tried", hits)
		}
	})

	each("notifications", app, func(t *testing.T, p *Pool, c *Conn) {
		run(t, c, "listen ch")
		other := acquire(t, p)
		run(t, other, "notify ch, 'hello'")
		p.Release(other)
		_, err := c.Audit()
		must(t, err)
		if !strings.Contains(string(c.Unasked), "ch\x00hello\x00") {
			t.Errorf("kept %q", c.Unasked)
		}
		must(t, c.Clean())
	})

	t.Run("dies while idle", func(t *testing.T) {
		p := realPool(t, app, Limits{Size: 2, QueueTimeout: 10 * time.Second})
		a, b := acquire(t, p), acquire(t, p)
		p.Release(a)
		run(t, b, fmt.Sprintf("select pg_terminate_backend(%d)", a.PID))
		for deadline := time.Now().Add(30 * time.Second); counts(p).Idle > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the pool still believes in it")
			}
		}
		if c := acquire(t, p); value(t, c, "select 1") != "1" {
			t.Error("no answer")
		} else {
			p.Release(c)
		}
		p.Release(b)
	})

	t.Run("dies while lent", func(t *testing.T) {
		p := realPool(t, app, Limits{Size: 1, QueueTimeout: 10 * time.Second})
		c := acquire(t, p)
		died := make(chan struct{})
		f := func() { close(died) }
		c.OnDeath(&f)
		must(t, cluster.Primary.Exec(t.Context(), fmt.Sprintf("select pg_terminate_backend(%d)", c.PID)))
		<-died
		// The server's last words are no answer to a client's statement.
		err := c.Adopt(NewParams([2]string{"timezone", "CET"}))
		var e *pgerror.Error
		if err == nil || errors.As(err, &e) || !c.Doomed() || !c.Dead() {
			t.Errorf("got %v", err)
		}
		w := acquireLater(p)
		p.Release(c)
		got := <-w
		must(t, got.err)
		if value(t, got.conn, "select 1") != "1" {
			t.Error("no answer")
		}
		p.Release(got.conn)
	})
}
