package sqlparse

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/wyeproxy/wye/internal/testpg"
)

func TestAgainstServer(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "sqlparse"})
	t.Run("set", func(t *testing.T) { testSet(t, cluster) })
	t.Run("quote", func(t *testing.T) { testQuoteIdent(t, cluster) })
}

// testSet runs the statements of server.txt on a real PostgreSQL.
// What their effects say, done by set_config in another session, must give
// the same settings; and no setting may have changed that they do not name.
func testSet(t *testing.T, cluster *testpg.Cluster) {
	there, here := connect(t, cluster), connect(t, cluster)
	exec(t, there, "create role joe")
	r, compared := newTestReader(t, 1<<20), 0
	for _, c := range goldenCases(t, filepath.Join(goldenDir, "server.txt")) {
		const fresh = "rollback; reset session authorization; reset all; begin"
		exec(t, there, fresh)
		exec(t, here, fresh)
		exec(t, there, c.sql)
		var effects []Effect
		for _, p := range r.Read([]byte(c.sql)).Parts {
			effects = append(effects, p.Effects...)
		}
		apply(t, here, effects)
		for name, want := range settings(t, there) {
			got := settings(t, here)[name]
			if got != want {
				t.Errorf("%s\n%s is %q, but %q by %v", c.sql, name, want, got, effects)
			}
			compared++
		}
	}
	if compared < 40 {
		t.Errorf("only %d settings were compared", compared)
	}
}

func connect(t *testing.T, c *testpg.Cluster) *pgx.Conn {
	address := fmt.Sprintf("host=%s port=%d user=%s dbname=postgres", c.Primary.SocketDir(), c.Primary.Port(), testpg.Superuser)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func exec(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// apply does what a session would: it repeats effects on another server.
func apply(t *testing.T, conn *pgx.Conn, effects []Effect) {
	for _, e := range effects {
		value := &e.Value
		switch e.Kind {
		case SetParam:
		case ResetParam:
			value = nil
		case SessionAuthorization:
			e.Name = "session_authorization"
		default:
			t.Fatalf("server.txt holds only what can be repeated, not %v", e)
		}
		if _, err := conn.Exec(t.Context(), "select set_config($1, $2, $3)", e.Name, value, e.Local); err != nil {
			t.Errorf("%v: %v", e, err)
		}
	}
}

// settings are those that differ from the session's defaults, custom ones
// among them, and who the session is.
func settings(t *testing.T, conn *pgx.Conn) map[string]string {
	rows, err := conn.Query(t.Context(), `
		select name, setting from pg_settings where source = 'session' and name not like 'transaction%'
		union all select 'role', current_user union all select 'session_authorization', session_user
		union all select 'my.var', coalesce(current_setting('my.var', true), '(none)')`)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var name, value string
	if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { all[name] = value; return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// testQuoteIdent compares with the server's own quote_ident. The server may
// be older or newer than our list of keywords: only ours may be longer.
func testQuoteIdent(t *testing.T, cluster *testpg.Cluster) {
	conn := connect(t, cluster)
	rows, err := conn.Query(t.Context(), `select word, quote_ident(word) from (select word from pg_get_keywords()
		union select unnest(array['', 'a b', 'A', 'a1', '1a', 'a"b', 'é', '$user', 'a$', '_', '_1'])) w`)
	if err != nil {
		t.Fatal(err)
	}
	newer := []string{"merge_action", "json_exists", "json_query", "json_serialize", "json_table", "json_value", "json_scalar", "json"}
	var word, want string
	n := 0
	if _, err := pgx.ForEachRow(rows, []any{&word, &want}, func() error {
		if n++; quoteIdent(word) != want && !slices.Contains(newer, word) {
			t.Errorf("%q: %s, server %s", word, quoteIdent(word), want)
		}
		return nil
	}); err != nil || n < 400 {
		t.Fatal(n, err)
	}
}
