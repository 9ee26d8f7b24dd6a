package httpproxy

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/crowd"
	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// wire is a client's conn, below TLS: it is counted, and whoever does not take
// an answer, or leaves a tunnel idle, is cut off.
type wire struct {
	net.Conn
	server *Server
	write  time.Duration // for one write; 0 or less is for ever
	tunnel atomic.Int64  // ns that a tunnel may be idle; 0 is no tunnel
	moved  atomic.Int64  // when the write deadline was last set, ns
	stayed atomic.Int64  // and that of a tunnel
	closed atomic.Bool
	place  atomic.Pointer[crowd.Place] // of its client's address; nil: none, or given back
}

func (w *wire) Write(b []byte) (int, error) {
	if now := time.Now(); w.write > 0 && due(&w.moved, now) {
		_ = w.SetWriteDeadline(now.Add(w.write + deadlineStep))
	}
	w.stay()
	return w.Conn.Write(b)
}

// SetWriteDeadline leaves Write's deadline alone: net/http takes it away after
// each request, and what comes within deadlineStep would have none.
func (w *wire) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && w.write > 0 && w.tunnel.Load() == 0 {
		return nil
	}
	return w.Conn.SetWriteDeadline(t)
}

func (w *wire) Read(b []byte) (int, error) {
	w.stay()
	return w.Conn.Read(b)
}

// stay moves the end of an idle tunnel away.
func (w *wire) stay() {
	idle := time.Duration(w.tunnel.Load())
	if idle <= 0 {
		return
	}
	if now := time.Now(); due(&w.stayed, now) {
		_ = w.SetReadDeadline(now.Add(idle + deadlineStep))
	}
}

// Deadlines cost a timer each, and nobody needs them to the second.
const deadlineStep = time.Second

// due says whether a deadline last set at `last` is to be set again.
func due(last *atomic.Int64, now time.Time) bool {
	at := now.UnixNano()
	if at-last.Load() < int64(deadlineStep) {
		return false
	}
	last.Store(at)
	return true
}

// Close closes the conn and takes it off the books.
func (w *wire) Close() error {
	if w.closed.CompareAndSwap(false, true) {
		w.server.wires.forget(w)
		w.server.Leave()
		w.leave()
	}
	return w.Conn.Close()
}

// CloseWrite lets the other side know that no more will come.
func (w *wire) CloseWrite() error {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// tunnelled tells the layers of a client's conn that it has become a tunnel.
func tunnelled(c net.Conn, idle time.Duration) {
	if sc, ok := c.(*strict.Conn); ok {
		sc.Raw()
		c = sc.Conn
	}
	if tc, ok := c.(*tls.Conn); ok {
		c = tc.NetConn()
	}
	if w, ok := c.(*wire); ok {
		_ = w.SetDeadline(time.Time{}) // what net/http has left there
		w.tunnel.Store(int64(idle))
	}
}
