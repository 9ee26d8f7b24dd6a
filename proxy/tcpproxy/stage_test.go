package tcpproxy

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// backend serves each connection in a goroutine until the test ends.
func backend(t testing.TB, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Add(1)
	go func() {
		defer open.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Add(1)
			go func() {
				defer open.Done()
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(20 * time.Second))
				serve(c)
			}()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); open.Wait() })
	return l.Addr().String()
}

// lines is a server that says who it is; closing the listener stops it.
func lines(t testing.TB, name string) (string, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go lineserver.Serve(l, name)
	return l.Addr().String(), l
}

// settings are those of a pool that is checked by nobody.
func settings(servers ...string) PoolSettings {
	s := PoolSettings{IPv4: 32, IPv6: 64, Connect: 5 * time.Second, Tries: 3, Check: Check{None: true}}
	for _, addr := range servers {
		s.Servers = append(s.Servers, upstream.Target{Addr: addr})
	}
	return s
}

// newPool makes a pool, and waits until it takes connections.
func newPool(t testing.TB, s PoolSettings) *Pool {
	t.Helper()
	p, err := NewPool("p", s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	eventually(t, "servers are known", func() bool {
		for _, v := range p.ups.View(p.ups.Now()) {
			if v.State == "unknown" {
				return false
			}
		}
		return true
	})
	return p
}

// open makes a door and returns where it is.
func open(t testing.TB, s DoorSettings) (*Door, string) {
	t.Helper()
	if s.HelloTime == 0 {
		s.HelloTime = 10 * time.Second
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := NewDoor(s, Options{Log: slog.New(slog.DiscardHandler)})
	served := make(chan struct{})
	go func() { d.Serve(l); close(served) }()
	t.Cleanup(func() { _ = l.Close(); <-served; d.Close() })
	return d, l.Addr().String()
}

// behind is an open door to one pool with these servers.
func behind(t testing.TB, s PoolSettings) (*Pool, string) {
	t.Helper()
	p := newPool(t, s)
	_, addr := open(t, DoorSettings{Pool: p})
	return p, addr
}

func dialTo(t testing.TB, addr string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c.(*net.TCPConn)
}

// turnedAway connects and checks that the connection is broken off, be it
// before the client knows that it has one.
func turnedAway(t testing.TB, addr string) {
	t.Helper()
	if err := attempt(addr, 20*time.Second); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection that should be broken off ended with %v", err)
	}
}

// attempt connects and waits for the end, or for so long.
func attempt(addr string, wait time.Duration) error {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(wait))
	_, err = c.Read(make([]byte, 1))
	return err
}

// say sends text and a line's end, and returns the line that comes back.
func say(c net.Conn, text string) (string, error) {
	if _, err := c.Write([]byte(text + "\n")); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// hears says hello and checks who answers.
func hears(t testing.TB, c net.Conn, want string) {
	t.Helper()
	if got, err := say(c, "hello"); err != nil || got != want+" hello" {
		t.Errorf("heard %q, %v; want %s's hello", got, err, want)
	}
}

func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// authority signs certificates for one test.
type authority struct {
	t     testing.TB
	key   *ecdsa.PrivateKey
	cert  *x509.Certificate
	roots *x509.CertPool
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t), roots: x509.NewCertPool()}
	shape := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.roots.AddCert(a.cert)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate for these names.
func (a *authority) sign(names ...string) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	shape := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, shape, a.cert, key.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
