package h1serve

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// SetReadDeadline is http.ResponseController's.
func (w *response) SetReadDeadline(t time.Time) error { return w.c.nc.SetReadDeadline(t) }

// SetWriteDeadline is http.ResponseController's.
func (w *response) SetWriteDeadline(t time.Time) error { return w.c.nc.SetWriteDeadline(t) }

// EnableFullDuplex is http.ResponseController's: an answer never waits for the
// request's body here.
func (w *response) EnableFullDuplex() error { return nil }

// Hijack implements http.Hijacker. The conn is the one that Serve was given.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c := w.c
	if w.hijacked {
		return nil, nil, http.ErrHijacked
	}
	if w.body != nil && !w.body.end(false) {
		return nil, nil, errors.New("h1serve: a request with a body can not be hijacked before its end")
	}
	c.watch.end(c)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.framed {
		w.send()
	}
	w.hijacked = true
	c.server.forget(c)
	c.unbounded()
	in := io.Reader(c.nc)
	if c.r < c.w {
		in = io.MultiReader(bytes.NewReader(bytes.Clone(c.buf[c.r:c.w])), c.nc)
	}
	c.buf = nil
	return c.nc, bufio.NewReadWriter(bufio.NewReader(in), bufio.NewWriter(c.nc)), nil
}
