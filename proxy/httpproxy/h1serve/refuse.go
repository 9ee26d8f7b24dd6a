package h1serve

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

// refuse answers a client whose request can not be handled, where there is
// somebody to answer and something to say.
func (c *conn) refuse(err error) outcome {
	var (
		bad   badRequest
		fault *strict.Fault
	)
	switch {
	case errors.As(err, &bad):
	case errors.As(err, &fault):
		bad = badRequest{http.StatusBadRequest, fault.Error()}
	case errors.Is(err, errBigHead):
		bad = badRequest{http.StatusRequestHeaderFieldsTooLarge, err.Error()}
	case errors.Is(err, os.ErrDeadlineExceeded) && c.r < c.w:
		bad = badRequest{http.StatusRequestTimeout, "the head came too slowly"}
	default:
		return broken // it has left, or has nothing to ask
	}
	text := fmt.Sprintf("%d %s: %s\n", bad.status, http.StatusText(bad.status), bad.why)
	_, err = fmt.Fprintf(c.nc, "HTTP/1.1 %d %s\r\nDate: %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		bad.status, http.StatusText(bad.status), date(time.Now()), len(text), text)
	if err != nil {
		return broken
	}
	return last
}
