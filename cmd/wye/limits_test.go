package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// tryLogin reports how a login ends: "" or the SQLSTATE.
func tryLogin(t *testing.T, dsn string) (conn *pgconn.PgConn, code string) {
	t.Helper()
	conn, err := pgconn.Connect(soon(t, generous), dsn)
	if err != nil {
		var e *pgconn.PgError
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		return nil, e.Code
	}
	return conn, ""
}

func TestClientLimits(t *testing.T) {
	for _, tt := range []struct {
		name, cfg string
		otherIn   bool // whether user other is let in when app is not
	}{
		{"process", wyeConfig("", "process: {max_clients: 3}"), false},
		{"cluster", wyeConfig("max_clients: 3"), false},
		{"user", wyeConfig("", "users:\n  - {name: app, password: app, max_clients: 3}\n  - {name: other, password: other}\n  - {name: ops, password: ops}\nadmin: {console: {admins: [ops]}}"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, addr := startProxy(t, shared(t), tt.cfg)
			var in []*pgconn.PgConn
			for range 3 {
				in = append(in, connect(t, dsn(addr)))
			}
			for range 3 {
				if e := refused(t, dsn(addr)); e.Code != "53300" || e.Severity != "FATAL" || e.Message != "sorry, too many clients already" {
					t.Errorf("got %s %s %s", e.Severity, e.Code, e.Message)
				}
				if e := refused(t, strings.Replace(dsn(addr), "password=app", "password=wrong", 1)); e.Code != "28P01" {
					t.Errorf("a wrong password gives %s", e.Code)
				}
			}
			conn, code := tryLogin(t, dsnOf(addr, "other", "app"))
			if tt.otherIn != (code == "") {
				t.Errorf("user other: got %q", code)
			}
			if conn != nil {
				_ = conn.Close(t.Context())
			}

			// What an operator and a canceller need goes on.
			ops := connect(t, dsnOf(addr, "ops", "pgbouncer"))
			must(t, ops, "show pools")
			wantError(t, cancelled(t, in[1], later(in[1], "select pg_sleep(100)")), "57014")

			_ = in[0].Close(t.Context())
			eventually(t, "the place is free again", func() bool {
				conn, code := tryLogin(t, dsn(addr))
				if conn != nil {
					must(t, conn, "select 1")
					_ = conn.Close(t.Context())
				}
				return code == ""
			})
			must(t, in[2], "select 1")
		})
	}
}

func TestDatabaseNames(t *testing.T) {
	_, addr := startProxy(t, shared(t), `
clusters:
  app: {nodes: ["{server}"], backend: {tls: {mode: disable}}}
  alias: {nodes: ["{server}"], database: app, backend: {tls: {mode: disable}}}
users:
  - {name: app, password: app}
  - {name: other, password: other, clusters: [alias]}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
	for _, tt := range []struct{ user, database string }{{"app", "nosuch"}, {"other", "app"}, {"app", strings.Repeat("x", 5000)}, {"app", `a"b`}, {"app", "APP"}} {
		e := refused(t, dsnOf(addr, tt.user, tt.database))
		if want := `database "` + tt.database + `" does not exist`; e.Code != "3D000" || e.Message != want {
			t.Errorf("got %s %q, want %q", e.Code, e.Message, want)
		}
	}
	// Who does not know the password does not learn which databases there are.
	if e := refused(t, strings.Replace(dsnOf(addr, "app", "nosuch"), "password=app", "password=x", 1)); e.Code != "28P01" {
		t.Errorf("got %s", e.Code)
	}
	for _, user := range []string{"app", "other"} {
		if got := must(t, connect(t, dsnOf(addr, user, "alias")), "select current_database() || current_user"); got != "app"+user {
			t.Errorf("got %s", got)
		}
	}
	// The database's default is the user's name.
	must(t, connect(t, strings.Replace(dsn(addr), "dbname=app", "", 1)), "select 1")
}
