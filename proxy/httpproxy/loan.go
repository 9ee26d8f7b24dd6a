package httpproxy

import (
	"context"
	"io"
	"net/http"
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
	good   bool
	cancel context.CancelCauseFunc
	done   bool
}

// keepBooks puts the loan around the body of an answer.
func keepBooks(res *http.Response, l *loan) io.ReadCloser {
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
		l.good = false
	}
	return n, err
}

// Close ends the loan.
func (l *loan) Close() error {
	err := l.ReadCloser.Close()
	if !l.done {
		l.done = true
		l.up.End(l.pool.Now(), l.took, l.good)
		l.cancel(nil)
	}
	return err
}
