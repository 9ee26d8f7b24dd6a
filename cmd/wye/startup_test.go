package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestStartFails: what cannot be served is said, with exit code 1 and nothing
// left behind.
func TestStartFails(t *testing.T) {
	c := shared(t)
	p := startProcess(t, c, wyeConfig("", withHTTP))
	dir := t.TempDir()
	socket := filepath.Join(dir, ".s.PGSQL.6432")
	for name, tt := range map[string]struct{ text, says string }{
		"port in use":      {wyeConfig("", "listeners:\n  - {name: sock, bind: \"unix:"+socket+"\"}\n  - {name: main, bind: \""+p.addr()+"\"}"), "listener main"},
		"http port in use": {wyeConfig("", strings.Replace(withHTTP, "127.0.0.1:0", p.addrs["admin.http"], 1)), "admin.http"},
		"unknown setting":  {wyeConfig("poool: {size: 3}"), "wye.yaml:3:"},
		"no certificate":   {wyeConfig("", "tls: {own: {cert: none.crt, key: none.key}}\nlisteners:\n  - {name: main, bind: \"127.0.0.1:0\", tls: {use: own}}"), "none.crt"},
		"empty":            {"", "wye.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, "wye.yaml")
			text := strings.NewReplacer("{server}", c.Primary.Addr(), "{db}", c.Database).Replace(tt.text)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.CommandContext(soon(t, generous), wyeBinary(t), "run", file).CombinedOutput()
			exit, ok := err.(*exec.ExitError)
			if !ok || exit.ExitCode() != 1 || !strings.Contains(string(out), tt.says) {
				t.Errorf("%v: %s", err, out)
			}
			if _, err := os.Stat(socket); err == nil {
				t.Error("the socket's file is still there")
			}
		})
	}
	must(t, connect(t, dsn(p.addr())), "select 1")
}

// TestFindsThePrimary among several nodes, whichever comes first, and again
// after a failover.
func TestFindsThePrimary(t *testing.T) {
	t.Parallel()
	c := boot(t, testpg.Options{Name: "failover", Replicas: 1})
	defer c.Close()
	replica := c.Replicas[0]
	_, addr := startProxy(t, c, strings.Replace(wyeConfig("pool: {size: 5, login_retry: 20ms}, failover: {buffer: {window: 2s}}"), `["{server}"]`, `["`+replica.Addr()+`", "{server}"]`, 1))
	conn := connect(t, dsn(addr))
	where := "select current_setting('cluster_name') || pg_is_in_recovery()"
	if got := must(t, conn, where); got != c.Primary.ClusterName()+"false" {
		t.Errorf("at %s", got)
	}
	must(t, conn, "set work_mem = '8MB'")
	c.Primary.Kill()
	fails(t, conn, "create table nowhere ()", "57P03")
	if err := replica.Promote(soon(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new primary", func() bool {
		rows, err := run(conn, where+" || current_setting('work_mem')")
		return err == nil && rows[0][0] == replica.ClusterName()+"false8MB"
	})
}
