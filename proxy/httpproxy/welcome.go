package httpproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/wyeproxy/wye/protocol/proxyheader"
	"github.com/wyeproxy/wye/proxy/crowd"
	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// introduced is a conn that begins with a PROXY header. Once that is read, the
// other end is who it says.
type introduced struct {
	net.Conn
	client net.Addr // nil: the balancer speaks for itself, or does not know
	first  []byte   // came with the header and is not read yet
}

// RemoteAddr is the client's. It implements net.Conn.
func (c *introduced) RemoteAddr() net.Addr {
	if c.client != nil {
		return c.client
	}
	return c.Conn.RemoteAddr()
}

// Read implements net.Conn.
func (c *introduced) Read(b []byte) (int, error) {
	if len(c.first) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.first)
	c.first = c.first[n:]
	return n, nil
}

// CloseWrite is the socket's.
func (c *introduced) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// listen reads the header, within a time from now.
func (c *introduced) listen(within time.Duration) error {
	_ = c.Conn.SetReadDeadline(time.Now().Add(within))
	h, after, err := proxyheader.Read(c.Conn)
	if err != nil {
		return err
	}
	_ = c.Conn.SetReadDeadline(time.Time{})
	c.first = after
	if h.Source.IsValid() {
		c.client = net.TCPAddrFromAddrPort(h.Source)
	}
	return nil
}

// welcome takes one more conn in, up to where requests are read. What takes
// time is done by goroutines of arriving.
func (s *Server) welcome(c net.Conn, h *handoff, arriving *sync.WaitGroup) {
	si := s.site.Load()
	peer := peerOf(c)
	var intro *introduced
	if trusts(si.Introducers, peer) {
		intro = &introduced{Conn: c}
		c = intro
	}
	w := s.wires.admit(c, s, si.Limits)
	switch {
	case w == nil:
		s.turnedAway.Add(1)
		_ = c.Close()
	case intro != nil:
		arriving.Go(func() { s.introduce(w, intro, si, h) })
	case !s.place(w, peer, si.PerClient):
	case si.TLS == nil:
		s.seat(w, si, h)
	default:
		arriving.Go(func() { s.shake(w, si, h) })
	}
}

// untilShutdown closes a conn that is still arriving then; stop ends that.
func (s *Server) untilShutdown(w *wire) (stop func() bool) {
	return context.AfterFunc(s.open, func() { _ = w.Close() })
}

// introduce hears whom a balancer has sent.
func (s *Server) introduce(w *wire, intro *introduced, si *site, h *handoff) {
	stop := s.untilShutdown(w)
	err := intro.listen(si.Limits.HeadTime)
	stop()
	if err != nil {
		if !errors.Is(err, io.EOF) && s.open.Err() == nil { // that is how others check whether we are there
			s.turnedAway.Add(1)
			s.log.Info("client turned away", "listener", si.Name, "balancer", intro.RemoteAddr().String(), "error", err.Error())
		}
		_ = w.Close()
		return
	}
	switch {
	case !s.place(w, peerOf(intro), si.PerClient):
	case si.TLS == nil:
		s.seat(w, si, h)
	default:
		s.shake(w, si, h)
	}
}

// place counts the conn for the address it is from, or closes it, where there
// are too many of it.
func (s *Server) place(w *wire, a netip.Addr, l crowd.Limit) bool {
	p, ok := s.crowd.Enter(crowd.Key(a), time.Now(), l)
	if !ok {
		s.turnedAway.Add(1)
		_ = w.Close()
		return false
	}
	w.place.Store(&p)
	if w.closed.Load() { // by Close, which may have come before the place
		w.leave()
	}
	return true
}

// leave gives back the conn's place, once.
func (w *wire) leave() {
	if p := w.place.Swap(nil); p != nil {
		w.server.crowd.Leave(*p)
	}
}

// peerOf is the address of a conn's other end; the zero Addr if it has none.
func peerOf(c net.Conn) netip.Addr {
	if t, ok := c.RemoteAddr().(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// shake greets a client in TLS, which settles what it speaks.
func (s *Server) shake(w *wire, si *site, h *handoff) {
	ctx, cancel := context.WithTimeout(s.open, si.Limits.HeadTime)
	defer cancel()
	c := tls.Server(w, si.TLS)
	if err := c.HandshakeContext(ctx); err != nil {
		s.log.Debug("TLS handshake failed", "listener", si.Name, "client", w.RemoteAddr().String(), "error", err.Error())
		_ = w.Close()
		return
	}
	if c.ConnectionState().NegotiatedProtocol == "h2" {
		h.give(c) // net/http looks for a *tls.Conn
		return
	}
	state := c.ConnectionState()
	go s.http1.Serve(c, &state)
}

// seat has a conn served that no TLS says what it speaks.
func (s *Server) seat(w *wire, si *site, h *handoff) {
	if si.H2C {
		h.give(strict.NewConn(w, true, s.onFault)) // it may turn out to be either
		return
	}
	go s.http1.Serve(w, nil)
}
