package h1serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// conn is one client's. It belongs to the goroutine of Serve, but for what mu
// guards.
type conn struct {
	server *Server
	nc     net.Conn
	tls    *tls.ConnectionState
	base   context.Context // of all its requests
	remote string

	scan  strict.Scanner
	buf   []byte // what has come and was scanned is buf[r:w]
	r, w  int
	fault *strict.Fault // what comes after buf[r:w] is malformed
	err   error         // or nothing comes after it

	spare *response // of an earlier request, for the next; nil: none

	until time.Time // the read deadline that is set; zero: none, or another's

	mu    sync.Mutex
	idle  bool // waits for a request of which nothing has come
	watch watch
}

// bufSize is room for what most requests are. More is made for a longer head,
// and given up after it.
const bufSize = 4 << 10

func newConn(s *Server, nc net.Conn, state *tls.ConnectionState) *conn {
	base := context.WithValue(context.Background(), http.ServerContextKey, s.As)
	base = context.WithValue(base, http.LocalAddrContextKey, nc.LocalAddr())
	c := &conn{server: s, nc: nc, tls: state, base: base, remote: nc.RemoteAddr().String(), buf: make([]byte, bufSize)}
	c.watch.init(c)
	return c
}

// serve takes requests until the conn's end.
func (c *conn) serve() {
	patience := c.server.HeadTime
	for {
		switch c.one(patience) {
		case given:
			return
		case broken:
			_ = c.nc.Close()
			return
		case last:
			c.linger()
			return
		}
		patience = c.server.IdleTime
		if c.w-c.r <= bufSize && len(c.buf) > bufSize {
			usual := make([]byte, bufSize)
			c.w = copy(usual, c.buf[c.r:c.w])
			c.r, c.buf = 0, usual
		}
	}
}

// outcome is what becomes of a conn after a request.
type outcome int

const (
	kept   outcome = iota // for the next
	last                  // it was the last
	broken                // nothing is to be said on it any more
	given                 // to a handler
)

// one serves one request, which has that long to begin.
func (c *conn) one(patience time.Duration) outcome {
	end, err := c.head(patience)
	if err != nil {
		return c.refuse(err)
	}
	w, err := c.request(c.buf[c.r:end])
	c.r = end
	if err != nil {
		return c.refuse(err)
	}
	defer w.req.life.end()
	if w.body != nil {
		c.unbounded() // whoever reads it sets its bounds
	}
	c.watch.begin(&w.req.life, w.body == nil)
	ok := c.handle(w)
	c.watch.end(c)
	switch {
	case w.hijacked:
		return given
	case !ok:
		w.abandon()
		return broken
	}
	next := w.finish()
	c.recycle(w)
	return next
}

// handle says whether the handler came to its end.
func (c *conn) handle(w *response) (ok bool) {
	defer func() {
		if e := recover(); e != nil && e != http.ErrAbortHandler {
			c.server.Log.Error("panic while serving a request", "client", c.remote, "panic", e, "stack", string(debug.Stack()))
		}
	}()
	c.server.Handler.ServeHTTP(w, &w.req.Request)
	return true
}

var errBigHead = errors.New("the head is too large")

var headEnd = []byte("\r\n\r\n")

// head waits for a whole head and returns where it ends in buf.
func (c *conn) head(patience time.Duration) (end int, err error) {
	var by time.Time // when it has to be there; zero: nothing of it is
	for searched := 0; ; {
		if i := bytes.Index(c.buf[c.r+searched:c.w], headEnd); i >= 0 {
			return c.r + searched + i + len(headEnd), nil
		}
		searched = max(0, c.w-c.r-len(headEnd)+1)
		switch {
		case c.r == c.w:
			err = c.await(patience)
		case by.IsZero():
			by = time.Now().Add(c.server.HeadTime)
			fallthrough
		default:
			if err = c.room(); err == nil {
				c.within(time.Until(by))
				err = c.fill()
			}
		}
		if err != nil {
			return 0, err
		}
	}
}

// await waits for the first bytes of a request.
func (c *conn) await(patience time.Duration) error {
	c.mu.Lock()
	if c.server.closing.Load() {
		patience = min(patience, lastCall)
	}
	c.within(patience)
	c.idle = true
	c.mu.Unlock()
	err := c.fill()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = false
	return err
}

// hurry has a conn without a request end soon.
func (c *conn) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle {
		_ = c.nc.SetReadDeadline(time.Now().Add(lastCall))
		c.until = time.Time{}
	}
}

// room makes some in buf, as far as a head may go.
func (c *conn) room() error {
	switch {
	case c.w < len(c.buf):
		return nil
	case c.r > 0:
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
		return nil
	case len(c.buf) >= c.server.MaxHead:
		return errBigHead
	}
	bigger := make([]byte, min(2*len(c.buf), max(c.server.MaxHead, bufSize)))
	copy(bigger, c.buf)
	c.buf = bigger
	return nil
}

// fill reads more into buf, at least a byte. What is malformed, or an end, is
// told when what came before it has been read.
func (c *conn) fill() error {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	n, err := c.read(c.buf[c.w:])
	c.w += n
	return err
}

// read reads and scans at least a byte, or errs.
func (c *conn) read(p []byte) (int, error) {
	for {
		switch {
		case c.fault != nil:
			if c.server.OnFault != nil {
				c.server.OnFault(c.fault)
			}
			return 0, c.fault
		case c.err != nil:
			return 0, c.err
		}
		n, err := c.nc.Read(p)
		n, c.fault = c.scan.Scan(p[:n])
		if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			if n == 0 && c.fault == nil {
				return 0, err
			}
		} else {
			c.err = err
		}
		if n > 0 {
			return n, nil
		}
	}
}
