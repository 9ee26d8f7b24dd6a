package tcpproxy

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// closed is an address where nobody listens.
func closed(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A server that cannot be reached costs nobody his connection.
func TestAnotherServer(t *testing.T) {
	addr, _ := lines(t, "a")
	s := settings(closed(t), closed(t), addr)
	s.Balance.Policy = "round-robin"
	s.Balance.Ejection.Failures = -1
	p, door := behind(t, s)
	for range 9 {
		hears(t, dialTo(t, door), "a")
	}
	failed := int64(0)
	for _, v := range p.ups.View(p.ups.Now()) {
		failed += v.Failures
	}
	if failed < 9 {
		t.Errorf("only %d dials have failed", failed)
	}
}

// Where no server can be reached, the client is told that something is wrong.
func TestNobodyIsReached(t *testing.T) {
	p := newPool(t, settings(closed(t), closed(t)))
	d, door := open(t, DoorSettings{Pool: p})
	turnedAway(t, door)
	eventually(t, "it is counted", func() bool { return d.Counts().Failed.Load() == 1 && d.Counts().Clients.Load() == 0 })
}

// A server that is killed is ejected, and a connection that stays open does not
// hide its failures nor do those hide it.
func TestEjection(t *testing.T) {
	a, la := lines(t, "a")
	b, _ := lines(t, "b")
	s := settings(a, b)
	s.Balance.Policy = "round-robin"
	s.Balance.Ejection = upstream.Ejection{Failures: 3, Time: time.Hour, TimeOnly: true}
	p, door := behind(t, s)
	for range 2 { // one goes to each
		if _, err := say(dialTo(t, door), "hello"); err != nil {
			t.Fatal(err)
		}
	}
	_ = la.Close()
	for range 20 {
		hears(t, dialTo(t, door), "b")
	}
	v := p.ups.View(p.ups.Now())
	if v[0].State != "ejected" || v[0].Failures != 3 || v[1].State != "up" {
		t.Errorf("%+v", v)
	}
}

// Connections over a server's limit wait for a place, as long as they may.
func TestQueue(t *testing.T) {
	addr, _ := lines(t, "a")
	s := settings(addr)
	s.Balance.MaxConns = 1
	s.Balance.Queue = upstream.Queue{Length: 1, Timeout: 15 * time.Second}
	p, door := behind(t, s)
	first := dialTo(t, door)
	hears(t, first, "a")
	second := dialTo(t, door)
	eventually(t, "the second waits", func() bool { waiting, _ := p.ups.Queued(); return waiting == 1 })
	heard := make(chan error, 1)
	go func() { _, err := say(second, "hello"); heard <- err }()
	eventually(t, "the queue is full", func() bool {
		return errors.Is(attempt(door, 20*time.Millisecond), syscall.ECONNRESET)
	})
	select {
	case err := <-heard:
		t.Fatalf("the second was answered before the first left: %v", err)
	default:
	}
	_ = first.Close()
	if err := <-heard; err != nil {
		t.Error(err)
	}
}

// A client stays with its server, by as much of its address as is asked for.
func TestPersistence(t *testing.T) {
	a, _ := lines(t, "a")
	b, _ := lines(t, "b")
	c, _ := lines(t, "c")
	for _, policy := range []string{upstream.Hash, upstream.Ring, upstream.Maglev} {
		s := settings(a, b, c)
		s.Balance.Policy, s.IPv4 = policy, 24
		_, door := open(t, DoorSettings{Pool: newPool(t, s), Trusted: loopback})
		answers := map[string]bool{}
		for network := range 24 {
			first := ""
			for host := range 2 {
				conn := dialTo(t, door)
				source := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(network), byte(host)}), uint16(host))
				_, _ = conn.Write(proxyheader.AppendV1(nil, source, source))
				got, err := say(conn, "hello")
				if err != nil || first != "" && got != first {
					t.Errorf("%s: %v: %q, %v; before it was %q", policy, source, got, err, first)
				}
				first = got
			}
			answers[first] = true
		}
		if len(answers) < 2 { // where they go depends on the ports of this run
			t.Errorf("%s: 24 networks went to %v", policy, answers)
		}
	}
}

// What a server sees of a client, by header and version.
func TestHeaderToServers(t *testing.T) {
	for name, header := range map[string]Header{"v1": HeaderV1, "v2": HeaderV2} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan proxyheader.Header, 16)
			addr := backend(t, func(c net.Conn) {
				buf := make([]byte, 0, 4096)
				for {
					n, err := c.Read(buf[len(buf):cap(buf)])
					buf = buf[:len(buf)+n]
					h, used, perr := proxyheader.Parse(buf)
					switch {
					case perr == nil && !h.Source.IsValid():
						return // a check
					case perr == nil:
						seen <- h
						_, _ = c.Write(buf[used:])
						_, _ = io.Copy(c, c)
						return
					case err != nil:
						return
					}
				}
			})
			s := settings(addr)
			s.Header, s.Check = header, Check{}
			_, door := behind(t, s)
			c := dialTo(t, door)
			if got, err := say(c, "hello"); err != nil || got != "hello" {
				t.Fatal(got, err)
			}
			h := <-seen
			if h.Source.String() != c.LocalAddr().String() || h.Target.String() != c.RemoteAddr().String() {
				t.Errorf("the server saw %v", h)
			}
		})
	}
}

// Servers are spoken to by TLS, and not if they are not who they should be.
func TestTLSToServers(t *testing.T) {
	a := newAuthority(t)
	cert := a.sign("inner.example")
	addr := backend(t, func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.roots})
		line, err := bufio.NewReader(s).ReadString('\n')
		if err == nil {
			_, _ = s.Write([]byte("tls " + line))
			_ = s.CloseWrite()
		}
	})
	s := settings(addr)
	s.TLS = &tls.Config{RootCAs: a.roots, ServerName: "inner.example", Certificates: []tls.Certificate{a.sign("wye")}}
	_, door := behind(t, s)
	hears(t, dialTo(t, door), "tls")

	s.TLS = &tls.Config{RootCAs: a.roots, ServerName: "other.example"}
	_, door = behind(t, s)
	turnedAway(t, door)
}

func TestChecks(t *testing.T) {
	pong, _ := lines(t, "pong")
	silent := backend(t, func(c net.Conn) { _, _ = c.Read(make([]byte, 100)) })
	cert := newAuthority(t).sign("x.example")
	secure := backend(t, func(c net.Conn) { _ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}}).Handshake() })
	for _, c := range []struct {
		name, addr string
		check      Check
		state, why string
	}{
		{"connects", pong, Check{}, "up", "answered in "},
		{"refused", closed(t), Check{}, "down", "connection refused"},
		{"expected", pong, Check{Send: []byte("ping\n"), Expect: []byte("pong ping")}, "up", "answered in "},
		{"another answer", pong, Check{Send: []byte("ping\n"), Expect: []byte("gnip")}, "down", `"gnip"`},
		{"no answer", silent, Check{Send: []byte("ping\n"), Expect: []byte("x")}, "down", `lacks "x"`},
		{"shakes hands", secure, Check{TLS: true}, "up", "answered in "},
		{"speaks no TLS", pong, Check{TLS: true}, "down", "tls: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := settings(c.addr)
			s.Check = c.check
			s.Balance.Check.Timeout = 3 * time.Second
			v := newPool(t, s).ups.View(0)[0]
			if v.State != c.state || !strings.Contains(v.Why, c.why) {
				t.Errorf("%s: %s", v.State, v.Why)
			}
		})
	}
}
