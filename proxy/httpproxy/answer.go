package httpproxy

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// answer is the way back to the client, with what the books need to know.
type answer struct {
	http.ResponseWriter
	status int           // of the final head; 0 before it
	bytes  int64         // of the body
	why    string        // of a refusal
	idle   time.Duration // of a tunnel, should it become one
}

// Unwrap is for http.ResponseController: flushing, deadlines, tunnels.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader passes on heads; 101 is final, other 1xx are not.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Hijack takes the conn for a tunnel: nobody looks for requests in it now.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, b, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		tunnelled(c, a.idle)
	}
	return c, b, err
}
