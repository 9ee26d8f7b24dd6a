package tcpproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/crowd"
)

// guest is a client on its way in.
type guest struct {
	conn   net.Conn       // as it is read from, in the end
	first  []byte         // read from the socket already, not passed on
	client netip.AddrPort // who it is
	at     netip.AddrPort // where it came in
	name   string         // that it asks for
}

// errNoPool: the client asks for a name that nobody serves.
var errNoPool = errors.New("there is no pool for it")

// visit takes a client from accept through its relay, of which it is one of the
// two goroutines: the stack that this has grown to is given back by the next
// collection.
func (d *Door) visit(s *DoorSettings, conn net.Conn) {
	if h := d.lead(s, conn); h != nil {
		h.run()
	}
}

// lead takes a client from accept to its relay, if it gets there.
func (d *Door) lead(s *DoorSettings, conn net.Conn) *half {
	defer d.depart(conn)
	g := &guest{conn: conn, client: addrOf(conn.RemoteAddr()), at: addrOf(conn.LocalAddr())}
	if err := s.welcome(g); err != nil {
		d.counts.Broken.Add(1)
		d.turnAway(s, g, err)
		return nil
	}
	place, ok := d.crowd.Enter(crowd.Key(g.client.Addr()), time.Now(), s.PerClient)
	if !ok {
		d.left()
		d.refuse(conn)
		return nil
	}
	left := func() { d.crowd.Leave(place); d.left() }
	pool := s.poolFor(g.name)
	to, err := d.bring(pool, g)
	if err != nil {
		d.counts.Failed.Add(1)
		d.crowd.Leave(place)
		d.turnAway(s, g, err)
		return nil
	}
	return pool.join(g.conn, to, left)
}

// bring connects a guest to a server, which gets the bytes that have been read
// already.
func (d *Door) bring(pool *Pool, g *guest) (dialled, error) {
	if pool == nil {
		return dialled{}, errNoPool
	}
	to, err := pool.dial(d.life, g.client, g.at)
	if err != nil || len(g.first) == 0 {
		return to, err
	}
	_ = to.conn.SetWriteDeadline(time.Now().Add(pool.settings.Load().Connect))
	if _, err := to.conn.Write(g.first); err != nil {
		_ = to.conn.Close()
		to.up.Left(pool.ups.Now())
		return dialled{}, fmt.Errorf("%s: %w", to.up.Name, err)
	}
	_ = to.conn.SetWriteDeadline(time.Time{})
	return to, nil
}

// turnAway breaks off: a clean end could be taken for an empty answer.
func (d *Door) turnAway(s *DoorSettings, g *guest, err error) {
	d.left()
	reset(g.conn)
	if d.life.Err() == nil && !errors.Is(err, io.EOF) {
		d.Log.Info("client turned away", "listener", s.Name, "client", g.client.String(), "name", g.name, "error", err.Error())
	}
}

// welcome reads what comes before the client's own bytes: the PROXY header of a
// load balancer, and TLS, or the name in it.
func (s *DoorSettings) welcome(g *guest) error {
	peek := s.TLS == nil && len(s.Names) > 0
	trusted := s.trusts(g.client.Addr())
	if !trusted && s.TLS == nil && !peek {
		return nil
	}
	_ = g.conn.SetDeadline(time.Now().Add(s.HelloTime))
	if trusted {
		if err := g.readHeader(); err != nil {
			return err
		}
	}
	switch {
	case s.TLS != nil:
		if err := g.endTLS(s.TLS, s.HelloTime); err != nil {
			return err
		}
	case peek:
		hello, err := peekHello(g.conn, g.first)
		g.first, g.name = hello.read, hello.name
		if err != nil {
			return err
		}
	}
	_ = g.conn.SetDeadline(time.Time{})
	return nil
}

func (s *DoorSettings) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.Trusted, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) })
}

// readHeader reads the PROXY header, and perhaps bytes behind it.
func (g *guest) readHeader() error {
	h, after, err := proxyheader.Read(g.conn)
	if err != nil {
		return err
	}
	g.first = after
	if h.Source.IsValid() {
		g.client, g.at = h.Source, h.Target
	}
	return nil
}

// endTLS shakes hands.
func (g *guest) endTLS(config *tls.Config, within time.Duration) error {
	raw := g.conn
	if len(g.first) > 0 {
		raw = &prefixed{Conn: raw, first: g.first}
		g.first = nil
	}
	t := tls.Server(raw, config)
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("tls: %w", err)
	}
	g.conn, g.name = t, t.ConnectionState().ServerName
	return nil
}

// prefixed is a connection some of whose bytes have been read already.
type prefixed struct {
	net.Conn
	first []byte
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

// CloseWrite is the socket's.
func (p *prefixed) CloseWrite() error {
	closeWrite(p.Conn)
	return nil
}

func addrOf(a net.Addr) netip.AddrPort {
	if t, ok := a.(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}
