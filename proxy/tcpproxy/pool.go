package tcpproxy

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// PoolSettings are what the configuration says of a pool. They are replaced as
// a whole, and not changed.
type PoolSettings struct {
	Balance upstream.Settings
	Servers []upstream.Target
	Zone    string        // where we stand
	IPv4    int           // bits of a client's address that make the key of a policy that goes by one
	IPv6    int           // the same of IPv6
	Connect time.Duration // to reach one server, its TLS handshake included
	Idle    time.Duration // without a byte either way until a relay is closed; 0 is never
	Drain   time.Duration // from a server's drain or removal until its relays are closed; 0 is never
	Tries   int           // most servers that are dialled for one client
	Header  Header        // what servers are told of the client
	TLS     *tls.Config   // how servers are spoken to; nil is in the clear. Without a ServerName each server's host is asked for
	Check   Check
}

// Header is the form of the PROXY header that servers get.
type Header uint8

// None, text or binary.
const (
	NoHeader Header = iota
	HeaderV1
	HeaderV2
)

// append appends the header of a client, or of ourselves when the addresses are
// not valid.
func (h Header) append(b []byte, client, at netip.AddrPort) []byte {
	switch h {
	case HeaderV1:
		return proxyheader.AppendV1(b, client, at)
	case HeaderV2:
		return proxyheader.AppendV2(b, client, at)
	}
	return b
}

// Pool balances connections over servers, and owns the relays to them. Safe for
// concurrent use; to be closed by its owner.
type Pool struct {
	Name string
	ups  *upstream.Pool

	settings atomic.Pointer[PoolSettings]
	bytes    bytesOf // of relays that have ended and, as of the latest sweep, of those that have not

	mu     sync.Mutex
	relays relayList
	ends   map[*upstream.Host]time.Time // when the relays of a drained server are closed
	closed bool

	running sync.WaitGroup // relays
	sweeper sync.WaitGroup
	stop    chan struct{}
	retimed chan struct{} // the sweeper's interval may have changed
}

// bytesOf are bytes from clients and to them.
type bytesOf struct{ in, out atomic.Int64 }

// NewPool makes a pool and starts to check its servers.
func NewPool(name string, s PoolSettings) (*Pool, error) {
	p := &Pool{Name: name, ends: map[*upstream.Host]time.Time{}, stop: make(chan struct{}), retimed: make(chan struct{}, 1)}
	p.relays.init()
	p.settings.Store(&s)
	ups, err := upstream.New(upstream.Options{Prober: prober{p}}, s.Balance, s.Servers)
	if err != nil {
		return nil, err
	}
	p.ups = ups
	p.sweeper.Add(1)
	go p.sweep()
	return p, nil
}

// Use replaces the settings. Relays go on, those to servers that are no longer
// there until Drain has passed; what is known of servers that stay is kept. It
// errs, and changes nothing, as upstream.Pool.Use does.
func (p *Pool) Use(s PoolSettings) error {
	before := p.ups.Upstreams()
	if err := p.ups.Use(s.Balance, s.Servers); err != nil {
		return err
	}
	p.settings.Store(&s)
	kept := map[*upstream.Host]bool{}
	for _, u := range p.ups.Upstreams() {
		kept[u.Host] = true
	}
	for _, u := range before {
		if !kept[u.Host] && s.Drain > 0 {
			p.endAfter(u.Host, s.Drain)
		}
	}
	select {
	case p.retimed <- struct{}{}:
	default: // it will look anyway
	}
	return nil
}

// Active is how many relays there are.
func (p *Pool) Active() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.relays.n
}

// Quit lets relays end by themselves, or closes them after the pool's Drain
// when it has one or when stop is closed, and then closes the pool.
func (p *Pool) Quit(stop <-chan struct{}) {
	defer p.Close()
	var late <-chan time.Time
	if d := p.settings.Load().Drain; d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		late = t.C
	}
	look := time.NewTicker(quitEvery)
	defer look.Stop()
	for p.Active() > 0 {
		select {
		case <-look.C:
		case <-late:
			return
		case <-stop:
			return
		}
	}
}

// quitEvery is how often Quit looks whether everybody has gone.
const quitEvery = 50 * time.Millisecond

// Servers are the pool's, to be looked at and drained; their configuration is
// Use's.
func (p *Pool) Servers() *upstream.Pool { return p.ups }

// Close ends all relays and checks, and returns when they have ended.
func (p *Pool) Close() {
	p.mu.Lock()
	first := !p.closed
	p.closed = true
	for r := p.relays.first(); r != nil; r = p.relays.after(r) {
		r.sever()
	}
	p.mu.Unlock()
	if first {
		close(p.stop)
	}
	p.running.Wait()
	p.sweeper.Wait()
	p.ups.Close()
}

// hostOf is the host of an address, for TLS.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
