package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

func TestIdleClientsSurviveServerCrash(t *testing.T) {
	c := victim(t)
	_, addr := startProxy(t, c, wyeConfig(quickRetry))
	var clients []*pgconn.PgConn
	for range 8 {
		conn := connect(t, dsn(addr))
		must(t, conn, "select 1")
		clients = append(clients, conn)
	}
	prepared := clients[0]
	if _, err := prepared.Prepare(t.Context(), "s1", "select $1::int + 1", nil); err != nil {
		t.Fatal(err)
	}
	must(t, clients[1], "set application_name = 'kept over a crash'")
	c.Primary.Kill()

	began := time.Now()
	e := fails(t, clients[2], "select 1", "57P03")
	quick(t, began, prompt)
	if e.Severity != "ERROR" || strings.Contains(e.Message+e.Detail+e.Hint, c.Primary.Addr()) {
		t.Errorf("got %+v", e)
	}
	if err := c.Primary.Restart(soon(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	hasServer(t, addr)
	for i, conn := range clients {
		if got := must(t, conn, "select 2"); got != "2" {
			t.Errorf("client %d got %q", i, got)
		}
	}
	res := prepared.ExecPrepared(t.Context(), "s1", [][]byte{[]byte("41")}, nil, nil).Read()
	if res.Err != nil || string(res.Rows[0][0]) != "42" {
		t.Errorf("the prepared statement gives %v, %v", res.Rows, res.Err)
	}
	if got := must(t, clients[1], "show application_name"); got != "kept over a crash" {
		t.Errorf("application_name is %q", got)
	}
}

// TestCrashUnderQueries: the client learns whether its statement may have
// been carried out, and stays where it can.
func TestCrashUnderQueries(t *testing.T) {
	c := victim(t)
	superuser(t, c, "create table if not exists crash (i int); grant all on crash to app")
	_, addr := startProxy(t, c, wyeConfig(quickRetry))
	read, write, inTx := connect(t, dsn(addr)), connect(t, dsn(addr)), connect(t, dsn(addr))
	must(t, inTx, "begin")
	outcomes := make([]chan error, 3)
	for i, conn := range []*pgconn.PgConn{read, write, inTx} {
		outcomes[i] = make(chan error, 1)
		sql := "select pg_sleep(30)"
		if conn == write {
			sql = "insert into crash select 1 from pg_sleep(30)"
		}
		go func() {
			_, err := run(conn, sql)
			outcomes[i] <- err
		}()
	}
	eventually(t, "three queries run", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_activity where usename = 'app' and wait_event = 'PgSleep'") == "3"
	})
	began := time.Now()
	c.Primary.Kill()
	for i, want := range []struct{ severity, code string }{{"ERROR", "08006"}, {"ERROR", "08007"}, {"ERROR", "40001"}} {
		if e := wantError(t, <-outcomes[i], want.code); e.Severity != want.severity {
			t.Errorf("client %d: got %s, want %s", i, e.Severity, want.severity)
		}
	}
	quick(t, began, prompt)
	if err := c.Primary.Restart(soon(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	hasServer(t, addr)
	must(t, read, "select 1")
	if n := must(t, write, "select count(*) from crash"); n != "0" {
		t.Errorf("%s rows", n)
	}
	wantClosed(t, inTx)
}

func TestLoginWhileServerIsDown(t *testing.T) {
	c := victim(t)
	_, addr := startProxy(t, c, wyeConfig(quickRetry))
	c.Primary.Kill()
	began := time.Now()
	if e := refused(t, dsn(addr)); e.Code != "57P03" || e.Severity != "FATAL" {
		t.Errorf("got %s %s %s", e.Severity, e.Code, e.Message)
	}
	quick(t, began, prompt)
	if err := c.Primary.Restart(soon(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	hasServer(t, addr)
	must(t, connect(t, dsn(addr)), "select 1")
}

// TestFrozenServerTimesOut: connections are accepted by the kernel, and
// nothing answers.
func TestFrozenServerTimesOut(t *testing.T) {
	c := victim(t)
	cfg := strings.Replace(wyeConfig(quickRetry), "backend: {", "backend: {connect_timeout: 200ms, ", 1)
	_, addr := startProxy(t, c, cfg)
	c.Primary.Stop()
	thawed := false
	defer func() {
		if !thawed {
			c.Primary.Cont()
		}
	}()
	began := time.Now()
	if e := refused(t, dsn(addr)); e.Code != "57P03" || !strings.Contains(e.Message, "timed out") {
		t.Errorf("got %s %s", e.Code, e.Message)
	}
	quick(t, began, prompt)
	c.Primary.Cont()
	thawed = true
	hasServer(t, addr)
	must(t, connect(t, dsn(addr)), "select 1")
}

func TestServerRefusalsComeVerbatim(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, `
clusters:
  app: {nodes: ["{server}"], backend: {tls: {mode: disable}}, pool: {login_retry: 20ms}}
  gone: {nodes: ["{server}"], database: nosuchdb, backend: {tls: {mode: disable}}}
  norole: {nodes: ["{server}"], database: app, backend: {user: nosuchrole, password: x, tls: {mode: disable}}}
users:
  - {name: few, password: few}
  - {name: app, password: app}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
	for _, tt := range []struct{ user, database, code, message string }{
		{"few", "app", "53300", `too many connections for role "few"`},
		{"app", "gone", "3D000", `database "nosuchdb" does not exist`},
		{"app", "norole", "28P01", `password authentication failed for user "nosuchrole"`},
	} {
		e := refused(t, dsnOf(addr, tt.user, tt.database))
		if e.Code != tt.code || e.Message != tt.message || e.Severity != "FATAL" {
			t.Errorf("%s@%s: got %s %s %q", tt.user, tt.database, e.Severity, e.Code, e.Message)
		}
	}
	must(t, connect(t, dsn(addr)), "select 1")
}

// TestServerEndsInsideAnAnswer: what has been passed on cannot be taken back,
// so a client that has half a row must be disconnected; one that has whole
// messages gets an error and stays.
func TestServerEndsInsideAnAnswer(t *testing.T) {
	row := &pgproto3.DataRow{Values: [][]byte{[]byte(strings.Repeat("x", 100))}}
	half := func(b *pgproto3.Backend, conn net.Conn, sql string) bool {
		b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("c"), DataTypeOID: 25, DataTypeSize: -1}}})
		switch sql {
		case "select 'whole'":
			b.Send(row)
		case "select 'half'":
			_ = b.Flush()
			frame, _ := row.Encode(nil)
			_, _ = conn.Write(frame[:50])
		default:
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			return true
		}
		_ = b.Flush()
		return false
	}
	_, addr := startProxy(t, shared(t), strings.ReplaceAll(wyeConfig(quickRetry), "{server}", fakeServer(t, half)))
	conn := connect(t, dsn(addr))
	if e := fails(t, conn, "select 'whole'", "08006"); e.Severity != "ERROR" {
		t.Errorf("after whole rows: %s", e.Severity)
	}
	must(t, conn, "select 1")
	if _, err := run(conn, "select 'half'"); err == nil {
		t.Error("half a row is a success")
	}
	wantClosed(t, conn)
}

// hasServer waits until the proxy has noticed that its server is back.
func hasServer(t *testing.T, addr string) {
	t.Helper()
	eventually(t, "the proxy has its server back", func() bool {
		conn, err := pgconn.Connect(soon(t, generous), dsn(addr))
		if err != nil {
			return false
		}
		defer conn.Close(soon(t, time.Second))
		_, err = run(conn, "select 1")
		return err == nil
	})
}
