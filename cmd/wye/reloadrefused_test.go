package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReloadOfBadFile(t *testing.T) {
	c := shared(t)
	good := wyeConfig("pool: {size: 3}", reloadUsers)
	p := startProcess(t, c, good)
	conn, ops := connect(t, dsn(p.addr())), openConsole(t, p.addr(), "ops")
	for _, tt := range []struct{ from, to, says string }{
		{"size: 3", "siez: 4", "did you mean"},
		{"size: 3", "size: many", ":3:"},
		{"size: 3", "idle: 10", "10s"},
		{"name: app, password: app", "name: app, password: \"${file:" + t.TempDir() + "/none}\"", "none"},
		{"clusters:", "clusters: [", ""},
		{"tls: {mode: disable}", "tls: {ca: " + t.TempDir() + "/none.pem}", "none.pem"},
	} {
		bad := strings.Replace(strings.Replace(good, "size: 3", "size: 5", 1), strings.Replace(tt.from, "size: 3", "size: 5", 1), tt.to, 1)
		p.reload(c, bad, false)
		lines := p.lines("reload refused, the old configuration stays")
		last := lines[len(lines)-1]["error"]
		if !strings.Contains(last, tt.says) {
			t.Errorf("%s: the log says %q", tt.to, last)
		}
		if tt.says != "none.pem" && !strings.Contains(last, p.file+":") {
			t.Errorf("%s: the log does not say where: %q", tt.to, last)
		}
		e := fails(t, ops.PgConn, "reload", "F0000")
		if !strings.Contains(e.Detail, tt.says) {
			t.Errorf("the console says %q", e.Detail)
		}
		if got := ops.show("databases")[0]["pool_size"]; got != "3" {
			t.Errorf("%s: pool_size is %s", tt.to, got)
		}
		must(t, conn, "select 1")
		must(t, connect(t, dsn(p.addr())), "select 1")
	}
	p.configure(c, strings.Replace(good, "size: 3", "size: 4", 1))
	must(t, ops.PgConn, "reload")
	if got := ops.show("databases")[0]["pool_size"]; got != "4" {
		t.Errorf("pool_size is %s", got)
	}
}

func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	c := shared(t)
	text := wyeConfig("", reloadUsers) + "\nprocess: {sql_cache: 4MiB, log: {level: info}}\n"
	p := startProcess(t, c, text)
	changed := strings.NewReplacer("4MiB", "8MiB", "127.0.0.1:0\"}", "127.0.0.1:1\"}\n  - {name: another, bind: \"127.0.0.1:0\"}").Replace(text)
	for round := 1; round <= 2; round++ { // they differ from what is in force the second time, too
		p.reload(c, changed, true)
		named := map[string]bool{}
		for _, line := range p.lines("setting needs a restart")[3*(round-1):] {
			named[line["setting"]] = true
		}
		for _, want := range []string{"process.sql_cache", "listeners.main.bind", "listeners.another"} {
			if !named[want] {
				t.Errorf("round %d: %s is not named in %v", round, want, named)
			}
		}
	}
	ops := openConsole(t, p.addr(), "ops")
	for _, row := range ops.show("config") {
		if row["key"] == "process.sql_cache" && row["value"] != "4MiB" {
			t.Errorf("SHOW CONFIG says %s, which is not in force", row["value"])
		}
	}
	// The level of the log needs none.
	p.configure(c, strings.Replace(text, "level: info", "level: error", 1))
	p.signal(syscall.SIGHUP)
	eventually(t, "reload", func() bool { return strings.Contains(p.logged(), "process.log.level") })
	time.Sleep(20 * time.Millisecond)
	before := len(p.logged())
	must(t, ops.PgConn, "reload")
	refused(t, dsnOf(p.addr(), "nobody", "app"))
	if said := p.logged()[before:]; strings.Contains(said, `"level":"INFO"`) {
		t.Errorf("at level error the log says %s", said)
	}
}
