package httpproxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/h1"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// PoolSettings are how a pool's servers are spoken to. The zero value is plain
// HTTP/1.1.
type PoolSettings struct {
	TLS         *tls.Config   // nil: none. Without ServerName, a server's name is checked as the address has it
	HTTP2       bool          // by ALPN with TLS; without TLS, by prior knowledge, and nothing else then
	DialTimeout time.Duration // with the TLS handshake, default 2 s
	Stall       time.Duration // of a server's conn without a byte in or out while a request is on it, default 60 s
	Idle        time.Duration // that an unused conn is kept, default 30 s; less than the servers keep theirs
	MaxIdle     int           // unused conns kept per server, default 256
	Key         *KeyOf        // what is the same for requests that belong together, for policies that choose by it; nil is nothing
	Zone        string        // where this proxy stands: servers of the same zone are preferred
}

// Pool is the servers of one name that speak HTTP, and the conns to them. Safe
// for concurrent use by any number of listeners; to be closed by its owner.
type Pool struct {
	Name string
	*upstream.Pool
	line  atomic.Pointer[line]
	Count Tally
}

// line is how servers are reached under one configuration.
type line struct {
	PoolSettings
	direct  *h1.Carrier     // nil: they may speak HTTP/2
	carrier *http.Transport // for those; nil: they do not
	scheme  string
}

// RoundTrip implements http.RoundTripper: one request to the server that its
// URL says, whose scheme is the line's.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.direct != nil {
		return l.direct.RoundTrip(r)
	}
	return l.carrier.RoundTrip(r)
}

// closeIdle closes unused conns.
func (l *line) closeIdle() {
	if l.direct != nil {
		l.direct.CloseIdleConnections()
		return
	}
	l.carrier.CloseIdleConnections()
}

// headOfAnswer bounds the head of a server's answer.
const headOfAnswer = 256 << 10

// patienceForContinue is how long a server may think before it says that it
// wants a body whose client asks first; curl's own. Then the body is sent.
const patienceForContinue = time.Second

// NewPool makes a pool over servers that somebody else configures and closes.
func NewPool(name string, servers *upstream.Pool, s PoolSettings) *Pool {
	p := &Pool{Name: name, Pool: servers}
	p.Use(s)
	return p
}

// Use replaces the settings. Requests under way keep their conns; unused ones
// are closed, unless nothing has changed. A certificate may have, so that with
// TLS all begin anew.
func (p *Pool) Use(s PoolSettings) {
	s = s.withDefaults()
	if old := p.line.Load(); old != nil && s.TLS == nil && reflect.DeepEqual(s, old.PoolSettings) {
		return
	}
	if old := p.line.Swap(newLine(s)); old != nil {
		old.closeIdle()
	}
}

// Close closes unused conns. Those of requests under way close when these end.
func (p *Pool) Close() { p.line.Load().closeIdle() }

func (s PoolSettings) withDefaults() PoolSettings {
	s.DialTimeout = or(s.DialTimeout, 2*time.Second)
	s.Stall = or(s.Stall, 60*time.Second)
	s.Idle = or(s.Idle, 30*time.Second)
	s.MaxIdle = or(s.MaxIdle, 256)
	return s
}

func newLine(s PoolSettings) *line {
	l := &line{PoolSettings: s, scheme: "http"}
	if s.TLS != nil {
		l.scheme = "https"
	}
	if !s.HTTP2 {
		l.direct = &h1.Carrier{
			Dial: l.dial, Stall: s.Stall, Idle: s.Idle, MaxIdle: s.MaxIdle, MaxHead: headOfAnswer,
		}
		if s.TLS != nil {
			l.direct.Dial = l.dialTLS
		}
		return l
	}
	l.carrier = &http.Transport{
		DialContext:            l.dialPatient,
		DialTLSContext:         l.dialPatientTLS,
		TLSClientConfig:        s.TLS.Clone(),
		DisableCompression:     true, // bodies pass as they are
		MaxIdleConnsPerHost:    s.MaxIdle,
		IdleConnTimeout:        s.Idle,
		MaxResponseHeaderBytes: headOfAnswer,
		ExpectContinueTimeout:  patienceForContinue,
		Protocols:              new(http.Protocols),
		// Pings find conns that died without a word.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: s.DialTimeout},
	}
	if s.TLS == nil {
		l.carrier.Protocols.SetUnencryptedHTTP2(true)
	} else {
		l.carrier.Protocols.SetHTTP2(true)
		l.carrier.Protocols.SetHTTP1(true)
	}
	return l
}

// dialError is of a request of which no byte was sent.
type dialError struct{ error }

func (e dialError) Unwrap() error { return e.error }

func (l *line) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: l.DialTimeout}
	c, err := d.DialContext(ctx, network, addr)
	if err != nil {
		return nil, dialError{err}
	}
	return c, nil
}

func (l *line) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	return l.shake(ctx, network, addr, l.dial)
}

// dialPatient is for the standard library, which knows no stall.
func (l *line) dialPatient(ctx context.Context, network, addr string) (net.Conn, error) {
	c, err := l.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return &patient{Conn: c, stall: l.Stall}, nil
}

func (l *line) dialPatientTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	return l.shake(ctx, network, addr, l.dialPatient)
}

// shake counts a handshake that fails as a dial that does.
func (l *line) shake(ctx context.Context, network, addr string, dial dialer) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.DialTimeout)
	defer cancel()
	raw, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := tls.Client(raw, l.tlsFor(addr))
	if err := c.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, dialError{err}
	}
	return c, nil
}

type dialer func(ctx context.Context, network, addr string) (net.Conn, error)

func (l *line) tlsFor(addr string) *tls.Config {
	c := l.TLS.Clone()
	if c.ServerName == "" {
		c.ServerName, _, _ = net.SplitHostPort(addr)
	}
	c.NextProtos = []string{"http/1.1"}
	if l.HTTP2 {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	return c
}

// reach connects to a server, and leaves.
func (l *line) reach(ctx context.Context, addr string) error {
	dial := l.dial
	if l.TLS != nil {
		dial = l.dialTLS
	}
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return c.Close()
}
