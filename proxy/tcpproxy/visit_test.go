package tcpproxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/crowd"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// A trusted peer's header is believed, whatever way it comes, and bytes behind
// it are the client's.
func TestHeaderFromBalancers(t *testing.T) {
	a, _ := lines(t, "a")
	s := settings(a)
	p := newPool(t, s)
	d, door := open(t, DoorSettings{Pool: p, Trusted: loopback, PerClient: crowd.Limit{Max: 1}})
	source, at := netip.MustParseAddrPort("192.0.2.1:5"), netip.MustParseAddrPort("192.0.2.9:6")
	for name, header := range map[string][]byte{
		"v1": proxyheader.AppendV1(nil, source, at), "v2": proxyheader.AppendV2(nil, source, at), "local": proxyheader.AppendV2(nil, netip.AddrPort{}, at),
	} {
		c := dialTo(t, door)
		_, _ = c.Write(append(header, "be"...))
		if got, err := say(c, "hind"); err != nil || got != "a behind" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if name != "local" {
			other := dialTo(t, door)
			_, _ = other.Write(append(header, "x\n"...))
			if _, err := other.Read(make([]byte, 1)); err == nil {
				t.Errorf("%s: two connections of one address, which may have one", name)
			}
		}
		_ = c.Close()
		eventually(t, "it has left", func() bool { return d.Counts().Clients.Load() == 0 })
	}
	// In pieces.
	c := dialTo(t, door)
	for _, b := range proxyheader.AppendV1(nil, source, at) {
		_, _ = c.Write([]byte{b})
		time.Sleep(time.Millisecond)
	}
	hears(t, c, "a")
	// Without.
	c = dialTo(t, door)
	if _, err := say(c, "GET / HTTP/1.0"); !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("a peer that must send a header did not, and got %v", err)
	}
}

// Nobody else is asked for a header: it would be the client's own bytes.
func TestHeaderFromStrangers(t *testing.T) {
	a, _ := lines(t, "a")
	_, door := open(t, DoorSettings{Pool: newPool(t, settings(a)), Trusted: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	c := dialTo(t, door)
	if got, err := say(c, "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r"); err != nil || got != "a PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r" {
		t.Errorf("%q, %v", got, err)
	}
}

// tlsLines is a server that speaks TLS itself.
func tlsLines(t *testing.T, cert tls.Certificate, name string) string {
	return backend(t, func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		buf := make([]byte, 100)
		if n, err := s.Read(buf); err == nil {
			_, _ = s.Write(append([]byte(name+" "), buf[:n]...))
			_ = s.CloseWrite()
			_, _ = io.Copy(io.Discard, s)
		}
	})
}

// Clients that ask for a name reach its servers, which end TLS themselves.
func TestNamesPassThrough(t *testing.T) {
	a := newAuthority(t)
	one := newPool(t, settings(tlsLines(t, a.sign("one.example"), "one")))
	any := newPool(t, settings(tlsLines(t, a.sign("*.two.example"), "any")))
	d, door := open(t, DoorSettings{Names: map[string]*Pool{"one.example": one, "*.two.example": any}})
	for name, want := range map[string]string{
		"one.example": "one", "ONE.example": "one", "x.two.example": "any",
		"two.example": "", "a.b.two.example": "", "other.example": "", "": "",
	} {
		t.Run(name, func(t *testing.T) {
			c := tls.Client(dialTo(t, door), &tls.Config{RootCAs: a.roots, ServerName: name, InsecureSkipVerify: name == ""})
			err := c.Handshake()
			switch {
			case want == "" && err == nil:
				t.Error("somebody answers")
			case want != "" && err != nil:
				t.Error(err)
			case want != "":
				hears(t, c, want)
			}
		})
	}
	c := dialTo(t, door)
	if _, err := say(c, "no TLS at all"); err == nil {
		t.Error("a client without TLS was let in")
	}
	eventually(t, "it is counted", func() bool { return d.Counts().Broken.Load() >= 1 })
}

// A hello in many pieces, of which the first came with a header.
func TestHelloInPieces(t *testing.T) {
	a := newAuthority(t)
	p := newPool(t, settings(tlsLines(t, a.sign("one.example"), "one")))
	_, door := open(t, DoorSettings{Names: map[string]*Pool{"one.example": p}, Trusted: loopback})
	raw := dialTo(t, door)
	c := tls.Client(&slow{Conn: raw, first: []byte("PROXY UNKNOWN\r\n")}, &tls.Config{RootCAs: a.roots, ServerName: "one.example"})
	hears(t, c, "one")
}

// slow writes a byte at a time, the first ones with a header.
type slow struct {
	net.Conn
	first []byte
}

func (s *slow) Write(b []byte) (int, error) {
	for i := range b {
		if _, err := s.Conn.Write(append(s.first, b[i])); err != nil {
			return i, err
		}
		s.first = nil
	}
	return len(b), nil
}

// TLS ends here: the certificate is the one for the name, the pool too, and
// what follows is relayed both ways with its ends.
func TestTLSEndsHere(t *testing.T) {
	a := newAuthority(t)
	main, _ := lines(t, "main")
	shop, _ := lines(t, "shop")
	_, door := open(t, DoorSettings{
		Pool: newPool(t, settings(main)), Names: map[string]*Pool{"shop.example": newPool(t, settings(shop))}, Trusted: loopback,
		TLS: &tls.Config{Certificates: []tls.Certificate{a.sign("main.example"), a.sign("shop.example")}},
	})
	for name, want := range map[string]string{"main.example": "main", "shop.example": "shop"} {
		raw := dialTo(t, door)
		_, _ = raw.Write([]byte("PROXY UNKNOWN\r\n"))
		c := tls.Client(raw, &tls.Config{RootCAs: a.roots, ServerName: name})
		hears(t, c, want)
		_ = c.CloseWrite()
		if rest, err := io.ReadAll(c); err != nil || len(rest) > 0 {
			t.Errorf("%s: the end came with %q, %v", name, rest, err)
		}
	}
}

// Clients must show a certificate where the listener says so.
func TestMutualTLS(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	addr, _ := lines(t, "a")
	_, door := open(t, DoorSettings{Pool: newPool(t, settings(addr)), TLS: &tls.Config{
		Certificates: []tls.Certificate{a.sign("main.example")}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.roots,
	}})
	for name, certs := range map[string][]tls.Certificate{"none": nil, "a stranger's": {stranger.sign("client")}} {
		c := tls.Client(dialTo(t, door), &tls.Config{RootCAs: a.roots, ServerName: "main.example", Certificates: certs})
		if _, err := say(c, "hello"); err == nil {
			t.Errorf("%s was let in", name)
		}
	}
	client := x509Client(a)
	hears(t, tls.Client(dialTo(t, door), &tls.Config{RootCAs: a.roots, ServerName: "main.example", Certificates: client}), "a")
}

func x509Client(a *authority) []tls.Certificate {
	c := a.sign("client")
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		a.t.Fatal(err)
	}
	c.Leaf = leaf
	return []tls.Certificate{c}
}

// Bulk through TLS on both sides.
func TestBulkTLS(t *testing.T) {
	const n = 4 << 20
	a := newAuthority(t)
	cert := a.sign("main.example")
	addr := backend(t, func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{cert}})
		_, _ = io.Copy(s, s)
		_ = s.CloseWrite()
		_, _ = io.Copy(io.Discard, s)
	})
	set := settings(addr)
	set.TLS = &tls.Config{RootCAs: a.roots, ServerName: "main.example"}
	_, door := open(t, DoorSettings{Pool: newPool(t, set), TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	c := tls.Client(dialTo(t, door), &tls.Config{RootCAs: a.roots, ServerName: "main.example"})
	sent := make(chan []byte, 1)
	go func() { sum, _ := stream(c, n, 3); _ = c.CloseWrite(); sent <- sum }()
	sum, got, err := hashAll(c)
	if want := <-sent; err != nil || got != n || !bytes.Equal(sum, want) {
		t.Errorf("%d bytes, %v", got, err)
	}
}

// Clients beyond the listener's limit are broken off, and make place again.
func TestMaxClients(t *testing.T) {
	addr, _ := lines(t, "a")
	d, door := open(t, DoorSettings{Pool: newPool(t, settings(addr)), MaxClients: 2})
	one, two := dialTo(t, door), dialTo(t, door)
	hears(t, one, "a")
	hears(t, two, "a")
	turnedAway(t, door)
	_ = one.Close()
	eventually(t, "one has left", func() bool { return d.Counts().Clients.Load() == 1 })
	hears(t, dialTo(t, door), "a")
	if n := d.Counts().Refused.Load(); n != 1 {
		t.Errorf("%d refused", n)
	}
}

// Who says nothing where something is due is not waited for.
func TestHelloTime(t *testing.T) {
	addr, _ := lines(t, "a")
	d, door := open(t, DoorSettings{Pool: newPool(t, settings(addr)), Trusted: loopback, HelloTime: 100 * time.Millisecond})
	c := dialTo(t, door)
	if _, err := c.Read(make([]byte, 1)); err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("ended with %v", err)
	}
	eventually(t, "it has left", func() bool { return d.Counts().Clients.Load() == 0 && d.Counts().Broken.Load() == 1 })
}

// FuzzHello: no bytes make the look for a name panic, or forget what was read.
func FuzzHello(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), 0)
	f.Add([]byte("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"), 3)
	f.Add(helloOf("one.example"), 100)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = min(max(cut, 0), len(b))
		h, _ := peekHello(&canned{rest: b[cut:]}, bytes.Clone(b[:cut]))
		if len(h.read) > helloMost+2048+cut || !bytes.HasPrefix(b, h.read) {
			t.Fatalf("read %d bytes of %d, not the first", len(h.read), len(b))
		}
	})
}

func TestHelloName(t *testing.T) {
	b := helloOf("one.example")
	h, err := peekHello(&canned{rest: append(bytes.Clone(b), "more"...)}, nil)
	if err != nil || h.name != "one.example" || !bytes.HasPrefix(h.read, b) {
		t.Errorf("%q %v", h.name, err)
	}
}

// helloOf is the hello of a client that asks for a name.
func helloOf(name string) []byte {
	c := &canned{}
	_ = tls.Client(c, &tls.Config{ServerName: name}).Handshake()
	return c.said
}

// canned is a peer that says what it is given, and is gone then.
type canned struct {
	net.Conn
	rest, said []byte
}

func (c *canned) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
func (c *canned) Write(b []byte) (int, error) { c.said = append(c.said, b...); return len(b), nil }
func (c *canned) Close() error                { return nil }
func (c *canned) LocalAddr() net.Addr         { return &net.TCPAddr{} }
func (c *canned) RemoteAddr() net.Addr        { return &net.TCPAddr{} }
func (c *canned) SetDeadline(time.Time) error { return nil }
