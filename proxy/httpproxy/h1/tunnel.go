package h1

import (
	"net/http"
	"sync"
	"time"
)

// upgrade makes of the conn a tunnel, which is the answer's body (101).
func (e *exchange) upgrade() (*http.Response, error) {
	if len(e.load.Header["Upgrade"]) == 0 {
		e.end()
		return nil, errUnasked
	}
	c := e.conn
	_ = c.SetDeadline(time.Time{})
	h := &e.head
	return &http.Response{
		Status: h.reason, StatusCode: h.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: h.minor,
		Header: h.fields, Request: e.load.Request, Body: &tunnel{exchange: *e, rest: c.buffered()},
	}, nil
}

// tunnel is a conn that is not HTTP any more, an io.ReadWriteCloser. One
// goroutine may read and one write; Close is for everybody. How long it may be
// idle is for its user to say.
type tunnel struct {
	exchange
	rest []byte // came behind the head
	once sync.Once
	err  error
}

func (t *tunnel) Read(p []byte) (int, error) {
	if len(t.rest) > 0 {
		n := copy(p, t.rest)
		t.rest = t.rest[n:]
		return n, nil
	}
	return t.conn.Conn.Read(p)
}

func (t *tunnel) Write(p []byte) (int, error) {
	return t.conn.Conn.Write(p)
}

// CloseWrite tells the server that no more will come.
func (t *tunnel) CloseWrite() error {
	if c, ok := t.conn.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return t.Close()
}

// Close implements io.Closer.
func (t *tunnel) Close() error {
	t.once.Do(func() {
		t.end()
		t.err = t.conn.Close()
	})
	return t.err
}
