package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
)

// A process that is told to stop lets no client in, gives those inside their
// time, and ends.
func TestTCPPoolShutdown(t *testing.T) {
	t.Parallel()
	_, cfg := tcpPool(t)
	p := startProcess(t, nil, "process: {shutdown_timeout: 2s}\n"+cfg)
	leaves, stays := mustTalk(t, p.addr()), mustTalk(t, p.addr())
	p.signal(syscall.SIGTERM)
	eventually(t, "it listens no more", func() bool {
		c, err := net.DialTimeout("tcp", p.addr(), time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	for _, c := range []*talker{leaves, stays} {
		if _, err := c.say("while it drains"); err != nil {
			t.Error(err)
		}
	}
	_ = leaves.Close()
	if _, err := stays.in.ReadByte(); err == nil {
		t.Error("somebody spoke")
	}
	p.exits(20*time.Second, exitOK)
}

// It ends at once when the last client has left.
func TestTCPPoolShutdownEndsEarly(t *testing.T) {
	_, cfg := tcpPool(t)
	p := startProcess(t, nil, "process: {shutdown_timeout: 1h}\n"+cfg)
	c := mustTalk(t, p.addr())
	p.signal(syscall.SIGTERM)
	eventually(t, "it drains", func() bool { return p.said("draining") == 1 })
	_ = c.Close()
	p.exits(20*time.Second, exitOK)
}

func mustTalk(t testing.TB, addr string) *talker {
	t.Helper()
	c, err := talk(addr)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.say("hello")
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A reload shows a new certificate to new clients; old ones go on.
func TestTCPPoolCertificateReload(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue("first", "127.0.0.1")
	server := lineserver.Start(t, "a")
	p := startProcess(t, nil, fmt.Sprintf(`
tls: {main: {cert: %q, key: %q}}
listeners: [{name: main, kind: tcp, bind: "127.0.0.1:0", pool: lines, tls: {use: main}}]
pools: {lines: {servers: [%q], health: {timeout: 5s}}}
`, cert, key, server.Addr))
	open := func() (*tls.Conn, string) {
		t.Helper()
		c, err := tls.Dial("tcp", p.addr(), a.client())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		return c, c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	says := func(c net.Conn) {
		t.Helper()
		_, _ = c.Write([]byte("hello\n"))
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "a hello\n" {
			t.Errorf("heard %q, %v", line, err)
		}
	}
	old, name := open()
	says(old)
	if name != "first" {
		t.Errorf("the certificate is %q's", name)
	}
	newCert, newKey := a.issue("second", "127.0.0.1")
	for from, to := range map[string]string{newCert: cert, newKey: key} {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	p.signal(syscall.SIGHUP)
	eventually(t, "the new certificate is shown", func() bool { _, name := open(); return name == "second" })
	says(old)
	fresh, _ := open()
	says(fresh)
}
