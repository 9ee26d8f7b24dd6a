package main

import (
	"crypto/tls"
	"os"
	"strings"
	"testing"
)

// TestReloadKeepsModes: a client stays in the mode that it came in; what it
// has done so far was done in this mode.
func TestReloadKeepsModes(t *testing.T) {
	c := shared(t)
	cfg := func(mode string) string { return wyeConfig("pool: {size: 3, mode: "+mode+"}", reloadUsers) }
	p := startProcess(t, c, cfg("session"))
	old := connect(t, dsn(p.addr()))
	must(t, old, "create temp table mine (i int)")
	if _, err := old.Prepare(t.Context(), "mine", "select 5", nil); err != nil {
		t.Fatal(err)
	}
	p.reload(c, cfg("transaction"), true)
	young := connect(t, dsn(p.addr()))
	if _, err := young.Prepare(t.Context(), "mine", "select 6", nil); err != nil {
		t.Fatal(err)
	}
	must(t, old, "select * from mine")
	fails(t, young, "select * from mine", "42P01")
	p.reload(c, cfg("session"), true)
	for range 3 {
		if got := must(t, old, "execute mine"); got != "5" {
			t.Errorf("got %s", got)
		}
		res := young.ExecPrepared(t.Context(), "mine", nil, nil, nil).Read()
		if res.Err != nil || string(res.Rows[0][0]) != "6" {
			t.Errorf("got %v %v", res.Rows, res.Err)
		}
	}
	if pid := must(t, old, "select pg_backend_pid()"); pid != must(t, old, "select pg_backend_pid()") {
		t.Error("the server conn changed in session mode")
	}
}

func TestReloadOfCertificate(t *testing.T) {
	c := shared(t)
	first, second := newAuthority(t), newAuthority(t)
	cert, key := first.issue("server", "127.0.0.1")
	p := startProcess(t, c, wyeConfig("", reloadUsers, "tls:\n  own: {cert: "+cert+", key: "+key+"}\nlisteners:\n  - {name: main, bind: \"127.0.0.1:0\", tls: {use: own}}\n"))
	secure := func(a *authority) string {
		return strings.Replace(dsn(p.addr()), "sslmode=disable", "sslmode=verify-full channel_binding=require sslrootcert="+a.file, 1)
	}
	old := connect(t, secure(first))
	newCert, newKey := second.issue("server", "127.0.0.1")
	for from, to := range map[string]string{newCert: cert, newKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	connect(t, secure(first)) // until it is reloaded
	text, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	p.reload(c, string(text), true)
	must(t, connect(t, secure(second)), "select 1")
	if err := tls.Client(knock(t, p.addr()), first.client("postgresql")).Handshake(); err == nil {
		t.Error("the old certificate is still shown")
	}
	must(t, old, "select 1")
	// Half a rotation is refused, and changes nothing.
	if _, mismatch := first.issue("server2", "127.0.0.1"); os.Rename(mismatch, key) != nil {
		t.Fatal("rename")
	}
	p.reload(c, string(text), false)
	must(t, connect(t, secure(second)), "select 1")
}
