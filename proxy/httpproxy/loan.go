package httpproxy

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// loan is a server's part in a request, from its answer's head until nobody
// reads the body any more.
type loan struct {
	io.ReadCloser
	up     *upstream.Upstream
	pool   *Pool
	took   time.Duration // to the head
	broken atomic.Bool
	grpc   *http.Response          // whose status is told in the trailer, if the server does not; nil: another answer
	cancel context.CancelCauseFunc // nil: none
	done   atomic.Bool             // of a tunnel, both directions close it
}

// keepBooks puts the loan around the body of an answer, whose head was good or
// not.
func keepBooks(res *http.Response, l *loan, good bool) io.ReadCloser {
	l.broken.Store(!good)
	l.ReadCloser = res.Body
	if sent := res.Request.ContentLength; sent > 0 {
		l.moved(int(sent))
	}
	if w, ok := res.Body.(io.Writer); ok {
		return &tunnel{l, w} // of 101: both ways
	}
	return l
}

// tunnel is the loan of an upgraded conn.
type tunnel struct {
	*loan
	io.Writer
}

func (t *tunnel) Write(p []byte) (int, error) {
	n, err := t.Writer.Write(p)
	t.moved(n)
	return n, err
}

// CloseWrite passes on that the client has no more to say.
func (t *tunnel) CloseWrite() error {
	if half, ok := t.Writer.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return t.Close()
}

// moved counts bytes to or from the server, as they pass.
func (l *loan) moved(n int) {
	if n > 0 {
		l.up.Moved(l.pool.Now(), n)
	}
}

func (l *loan) Read(p []byte) (int, error) {
	n, err := l.ReadCloser.Read(p)
	l.moved(n)
	if err != nil && err != io.EOF {
		l.broken.Store(true)
		if l.grpc != nil {
			endUnavailable(l.grpc)
			err = io.EOF
		}
	}
	return n, err
}

// Close ends the loan.
func (l *loan) Close() error {
	err := l.ReadCloser.Close()
	if l.done.CompareAndSwap(false, true) {
		l.up.End(l.pool.Now(), l.took, !l.broken.Load())
		if l.cancel != nil {
			l.cancel(nil)
		}
	}
	return err
}
