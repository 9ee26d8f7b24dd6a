package httpproxy

import (
	"bufio"
	"compress/gzip"
	"net"
	"net/http"
	"time"
)

// answer is the way back to the client, with what the books need to know.
type answer struct {
	http.ResponseWriter
	began    time.Time     // its request
	status   int           // of the final head; 0 before it
	bytes    int64         // of the body, as sent
	why      string        // of a refusal
	idle     time.Duration // of a tunnel, should it become one
	http2    bool
	patience time.Duration // of one write, HTTP/2 only: a wire looks after the others
	slow     watch         // the same
	zippable *http.Request // may be compressed, for this request; nil: not
	zip      *gzip.Writer  // compresses; nil: not
}

// Unwrap is for http.ResponseController: deadlines and what else there is.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader passes on heads; 101 is final, other 1xx are not.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
		if a.zippable != nil {
			a.squeeze(a.zippable, status)
		}
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.zip != nil {
		return a.zip.Write(b)
	}
	return a.write(b)
}

func (a *answer) write(b []byte) (int, error) {
	a.waits()
	n, err := a.ResponseWriter.Write(b)
	a.slow.end()
	a.bytes += int64(n)
	return n, err
}

// waits gives a client of HTTP/2 time to make room in its stream's window, until
// slow.end.
func (a *answer) waits() {
	if a.http2 && a.patience > 0 {
		a.slow.begin(a.patience)
	}
}

// last is called when all has been written but what net/http still holds, which
// it writes when nobody of ours is there any more.
func (a *answer) last() {
	if a.http2 && a.patience > 0 {
		a.slow.stop()
		_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(a.patience))
	}
}

// FlushError sends what there is.
func (a *answer) FlushError() error {
	if a.zip != nil {
		if err := a.zip.Flush(); err != nil {
			return err
		}
	}
	a.waits()
	defer a.slow.end()
	return http.NewResponseController(a.ResponseWriter).Flush()
}

// Hijack takes the conn for a tunnel: nobody looks for requests in it now.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.status = http.StatusSwitchingProtocols // who hijacks writes the head past us
		tunnelled(c, a.idle)
	}
	return c, b, err
}
