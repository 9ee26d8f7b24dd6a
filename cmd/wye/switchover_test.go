package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/proxy/config"
)

// TestSwitchoverAsks plays a console that writes down what it is asked.
func TestSwitchoverAsks(t *testing.T) {
	heard := make(chan string, 10)
	addr := fakeServer(t, func(b *pgproto3.Backend, _ net.Conn, sql string) bool {
		heard <- sql
		if strings.Contains(sql, "nosuch") {
			b.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "3D000", Message: "no such database", Hint: "look at SHOW DATABASES"})
		} else {
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("switchover"), DataTypeOID: 25, DataTypeSize: -1}}})
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("the primary of shop is b:5432 now")}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SWITCHOVER")})
		}
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		return true
	})
	console := "postgres://ops@" + addr + "/pgbouncer?sslmode=disable"
	for _, tc := range []struct {
		args      []string
		sql       string
		code      int
		out, errs string
	}{
		{nil, "SWITCHOVER", exitOK, "the primary of shop is b:5432 now\n", ""},
		{[]string{"shop"}, `SWITCHOVER "shop"`, exitOK, "the primary of shop is b:5432 now\n", ""},
		{[]string{"--to", "b:5432", `my "db"`}, `SWITCHOVER "my ""db""" 'b:5432'`, exitOK, "the primary of shop is b:5432 now\n", ""},
		{[]string{"--to", "it's:1"}, `SWITCHOVER "" 'it''s:1'`, exitOK, "the primary of shop is b:5432 now\n", ""},
		{[]string{"nosuch"}, `SWITCHOVER "nosuch"`, exitFailed, "", "wye: no such database (3D000)\n     look at SHOW DATABASES\n"},
		{[]string{"a", "b"}, "", exitUsage, "", "usage: wye switchover [--config FILE | --console URL] [--to NODE] [DATABASE]\n"},
		{[]string{"--config", "x"}, "", exitUsage, "", "usage: wye switchover [--config FILE | --console URL] [--to NODE] [DATABASE]\n"},
	} {
		code, out, errs := runWye(append([]string{"switchover", "--console", console}, tc.args...)...)
		if code != tc.code || out != tc.out || errs != tc.errs {
			t.Errorf("%q: %d %q %q", tc.args, code, out, errs)
		}
		sql := ""
		if tc.sql != "" {
			sql = <-heard
		}
		if sql != tc.sql {
			t.Errorf("%q asked %q, want %q", tc.args, sql, tc.sql)
		}
	}
	if len(heard) > 0 {
		t.Errorf("asked %q as well", <-heard)
	}
}

// TestSwitchoverFindsConsole: the real one is found by the configuration that
// it runs with, and gives orders to admins only.
func TestSwitchoverFindsConsole(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig(""))
	file := filepath.Join(t.TempDir(), "wye.yaml")
	text := strings.NewReplacer("{server}", "127.0.0.1:1", "{db}", "app", "127.0.0.1:0", addr).Replace(wyeConfig(""))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--config", file, "nosuch"}, "3D000"},
		{[]string{"--console", "postgres://other:other@" + addr + "/pgbouncer?sslmode=disable"}, "42501"},
		{[]string{"--console", "postgres://ops:wrong@" + addr + "/pgbouncer?sslmode=disable"}, "28P01"},
	} {
		code, out, errs := runWye(append([]string{"switchover"}, tc.args...)...)
		if code != exitFailed || out != "" || !strings.Contains(errs, tc.want) {
			t.Errorf("%q: %d %q %q, want %s", tc.args, code, out, errs, tc.want)
		}
	}
}

// TestSwitchoverHappens: the command, what it says, and what SHOW HOSTS and
// SHOW CLUSTERS have afterwards. Without the right to promote nothing changes.
func TestSwitchoverHappens(t *testing.T) {
	t.Parallel()
	rig := startDrill(t, 1, "health: {user: app, password: app}")
	waitForReaders(t, rig, "values (1)")
	old, heir := rig.Primary.Addr(), rig.Replicas[0].Addr()
	console := "postgres://ops:ops@" + rig.addr + "/pgbouncer?sslmode=disable"
	code, out, errs := runWye("switchover", "--console", console, "app")
	if code != exitFailed || out != "" || !strings.Contains(errs, "42501") || !strings.Contains(errs, "GRANT EXECUTE") {
		t.Fatalf("without the right: %d %q %q", code, out, errs)
	}
	superuser(t, rig.Cluster, "grant execute on function pg_promote to app")
	if err := rig.Replicas[0].WaitCaughtUp(soon(t, time.Minute), rig.Primary); err != nil {
		t.Fatal(err)
	}
	code, out, errs = runWye("switchover", "--console", console, "--to", heir, "app")
	if code != exitOK || !strings.HasPrefix(out, heir+" is the primary now") || errs != "" {
		t.Fatalf("%d %q %q", code, out, errs)
	}
	ops := openConsole(t, rig.addr, "ops")
	eventually(t, "SHOW HOSTS has the new roles", func() bool {
		roles := map[string]string{}
		for _, row := range ops.show("hosts") {
			roles[row["node"]] = row["role"]
		}
		return roles[heir] == "primary" && roles[old] == "fenced"
	})
	want(t, ops.show("clusters")[0], map[string]string{"name": "app", "primary": "yes", "node": heir, "failovers": "1", "held": "0"})
	must(t, connect(t, rig.url), "create table written (a int)")
	if code, _, errs := runWye("switchover", "--console", console, "--to", heir); code != exitFailed || !strings.Contains(errs, "primary already") {
		t.Errorf("once more: %d %q", code, errs)
	}
}

// TestConsoleOf: where a running wye is to be found, by its configuration.
func TestConsoleOf(t *testing.T) {
	const clusters = "clusters: {a: {nodes: ['127.0.0.1:1'], backend: {tls: {mode: disable}}}}\nadmin: {console: {admins: [gone, ops, root]}}\n"
	for _, tc := range []struct{ name, text, want string }{
		{"default", "users: [{name: ops, password: 'p w@/'}]",
			"postgres://ops:p%20w%40%2F@/pgbouncer?host=127.0.0.1&port=6432&sslmode=disable"},
		{"all addresses", "users: [{name: ops, password: x}]\nlisteners: [{name: a, bind: ':7000'}]",
			"postgres://ops:x@/pgbouncer?host=127.0.0.1&port=7000&sslmode=disable"},
		{"all addresses, IPv6", "users: [{name: ops, password: x}]\nlisteners: [{name: a, bind: '[::]:7000'}]",
			"postgres://ops:x@/pgbouncer?host=%3A%3A1&port=7000&sslmode=disable"},
		{"socket", "users: [{name: ops, password: x}]\nlisteners: [{name: a, bind: 'unix:/run/wye/.s.PGSQL.6433'}]",
			"postgres://ops:x@/pgbouncer?host=%2Frun%2Fwye&port=6433&sslmode=disable"},
		{"TLS", "users: [{name: ops, password: x}]\ntls: {t: {cert: c, key: k, client_ca: r}}\nlisteners:\n" +
			"  - {name: a, bind: '127.0.0.1:7001', tls: {use: t, mode: verify-client}}\n  - {name: b, bind: '127.0.0.1:7002', tls: {use: t}}",
			"postgres://ops:x@/pgbouncer?host=127.0.0.1&port=7002&sslmode=require"},
		{"only verifiers", "users: [{name: ops, password: md50123456789abcdef0123456789abcdef}]", ""},
		{"a verifier and trust", "users: [{name: ops, password: md50123456789abcdef0123456789abcdef}]\nlisteners: [{name: a, bind: '127.0.0.1:6432', auth: trust}]",
			"postgres://ops:@/pgbouncer?host=127.0.0.1&port=6432&sslmode=disable"},
		{"the second admin", "users: [{name: ops, password: md50123456789abcdef0123456789abcdef}, {name: root, password: y}]",
			"postgres://root:y@/pgbouncer?host=127.0.0.1&port=6432&sslmode=disable"},
	} {
		text := clusters
		if !strings.Contains(tc.text, "gone") {
			text = strings.Replace(text, "gone, ", "", 1)
		}
		if !strings.Contains(tc.text, "root") {
			text = strings.Replace(text, ", root", "", 1)
		}
		cfg, problems := config.Parse("wye.yaml", []byte(text+tc.text))
		if cfg == nil {
			t.Fatalf("%s: %v", tc.name, problems)
		}
		got, err := consoleOf(cfg)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: got %s %v", tc.name, got, err)
		}
	}
}

// TestServerOf: which servers are asked, and as whom.
func TestServerOf(t *testing.T) {
	const two = "nodes: ['10.0.0.1:5432', 'unix:/run/pg']"
	for _, tc := range []struct{ name, text, want string }{
		{"a user of the file", "clusters: {a: {" + two + "}, b: {nodes: ['b:1']}}\nusers: [{name: u, password: x, clusters: [b]}, {name: v, password: y}]",
			"postgres://v:y@/a?host=10.0.0.1%2C%2Frun%2Fpg&port=5432%2C5432&sslmode=prefer"},
		{"the backend's", "clusters: {a: {nodes: ['10.0.0.1:5432', '10.0.0.2:5433'], database: prod, backend: {user: w, password: z, tls: {ca: /ca.crt}}}}\nusers: [{name: v, password: y}]",
			"postgres://w:z@/prod?host=10.0.0.1%2C10.0.0.2&port=5432%2C5433&sslmode=verify-full&sslrootcert=%2Fca.crt"},
		{"the health's", "clusters: {a: {" + two + ", health: {user: h, password: i}, backend: {user: w, password: z, tls: {mode: disable}}}}\nusers: [{name: v, password: y}]",
			"postgres://h:i@/a?host=10.0.0.1%2C%2Frun%2Fpg&port=5432%2C5432&sslmode=disable"},
		{"nobody", "clusters: {a: {" + two + "}}\nusers: [{name: v, password: md50123456789abcdef0123456789abcdef}]", ""},
	} {
		cfg, problems := config.Parse("wye.yaml", []byte(tc.text))
		if cfg == nil {
			t.Fatalf("%s: %v", tc.name, problems)
		}
		got, err := serverOf(cfg, cfg.Cluster("a"))
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%s: got %s %v", tc.name, got, err)
		}
	}
}
