package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

const authQueryConfig = `
clusters:
  app:
    nodes: ["{server}"]
    backend: {tls: {mode: disable}}
    pool: {login_retry: 10ms}
    auth_query: {user: looker, password: looker}
users:
  - {name: app, password: app}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`

func TestAuthQuery(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, authQueryConfig)
	superuser(t, c, `
		create role aq_user login password 'aq_user';
		create role aq_expired login password 'aq_expired' valid until '2020-01-01';
		create role aq_later login password 'aq_later' valid until '2999-01-01';
		create role aq_nologin nologin password 'aq_nologin';
		create role aq_null login;
		create role "aq ""odd'" login password 'odd';
		set password_encryption = md5; create role aq_md5 login password 'aq_md5'`)
	t.Cleanup(func() {
		superuser(t, c, `select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename like 'aq%';
			drop role aq_user, aq_expired, aq_later, aq_nologin, aq_null, aq_md5, "aq ""odd'"`)
	})
	for user, in := range map[string]bool{"aq_user": true, "aq_later": true, "aq_expired": false, "aq_nologin": false, "aq_null": false, "aq_nobody": false, "aq_md5": false, "app": true} {
		for range 2 { // the second answer comes from memory
			if !in {
				if e := refused(t, dsnOf(addr, user, "app")); e.Code != "28P01" || e.Message != `password authentication failed for user "`+user+`"` {
					t.Errorf("%s: %s %s", user, e.Code, e.Message)
				}
				continue
			}
			if got := must(t, connect(t, dsnOf(addr, user, "app")), "select current_user"); got != user {
				t.Errorf("%s is %s", user, got)
			}
		}
	}
	cfg, err := pgconn.ParseConfig(dsn(addr))
	if err != nil {
		t.Fatal(err)
	}
	cfg.User, cfg.Password = `aq "odd'`, "odd"
	odd, err := pgconn.ConnectConfig(soon(t, generous), cfg)
	if err != nil {
		t.Error(err)
	} else {
		_ = odd.Close(t.Context())
	}

	// The password changes at the server.
	old := connect(t, dsnOf(addr, "aq_user", "app"))
	superuser(t, c, "alter role aq_user password 'changed'")
	changed := strings.Replace(dsnOf(addr, "aq_user", "app"), "password=aq_user", "password=changed", 1)
	if conn, code := tryLogin(t, changed); code != "" {
		if code != "28P01" {
			t.Errorf("got %s", code)
		}
		conn, code = tryLogin(t, changed)
		if code != "" {
			t.Fatalf("the new password is not taken at the second try: %s", code)
		}
		must(t, conn, "select 1")
		_ = conn.Close(t.Context())
	} else {
		_ = conn.Close(t.Context())
	}
	if e := refused(t, dsnOf(addr, "aq_user", "app")); e.Code != "28P01" {
		t.Errorf("the old password: %s", e.Code)
	}
	endServerConns(t, c, "aq_user")
	must(t, old, "select 1") // the new client's key opens the server for the old one, too
}

// TestAuthQueryIgnoresClientsSettings (CVE-2025-12819): what a client sets in
// its startup packet must not reach the look-up of its password.
func TestAuthQueryIgnoresClientsSettings(t *testing.T) {
	c := shared(t)
	superuser(t, c, `
		create role aq_target login password 'aq_target';
		create schema evil; grant usage on schema evil to public;
		create view evil.pg_shadow as select 'aq_target'::name as usename, '`+hashOf(t, "evil")+`'::text as passwd;
		grant select on evil.pg_shadow to public`)
	t.Cleanup(func() {
		superuser(t, c, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = 'aq_target'; drop schema evil cascade; drop role aq_target")
	})
	text := strings.Replace(authQueryConfig, "password: looker}", "password: looker, cache: 0s, query: \"select usename, passwd from pg_shadow where usename = $1\"}", 1)
	_, addr := startProxy(t, c, text)
	must(t, connect(t, dsnOf(addr, "aq_target", "app")), "select 1")
	evil := strings.Replace(dsnOf(addr, "aq_target", "app"), "password=aq_target", "password=evil", 1)
	for _, words := range []string{"options='-c search_path=evil,pg_catalog'", "search_path=evil,pg_catalog", "options='-c role=app'", "replication=database options='-c search_path=evil,pg_catalog'"} {
		for range 6 { // more than there are conns for look-ups
			if e := refused(t, evil+" "+words); e.Code != "28P01" {
				t.Fatalf("%s: %s %s", words, e.Code, e.Message)
			}
		}
	}
	must(t, connect(t, dsnOf(addr, "aq_target", "app", "options='-c search_path=evil,pg_catalog'")), "select 1")
	must(t, connect(t, dsnOf(addr, "aq_target", "app")), "select 1")
}

// TestAuthQueryCannotAsk: when the look-up itself fails the client is not told
// that its password is wrong.
func TestAuthQueryCannotAsk(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, strings.Replace(authQueryConfig, "password: looker}", "password: wrong}", 1))
	e := refused(t, dsnOf(addr, "other", "app"))
	if e.Code != "57P03" || strings.Contains(e.Message+e.Detail, "looker") {
		t.Errorf("got %s %s", e.Code, e.Message)
	}
	must(t, connect(t, dsn(addr)), "select 1")
}
