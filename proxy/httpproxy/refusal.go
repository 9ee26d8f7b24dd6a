package httpproxy

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
)

// refusal is an answer of our own to a request that no server gets, or whose
// server failed.
type refusal struct {
	status int
	why    string // for the client and the log; nothing secret
}

// clientGone is nginx's status for the books: nobody is there to be answered.
const clientGone = 499

// refuse answers, if no answer has begun.
func (a *answer) refuse(r *http.Request, f refusal) {
	a.why = f.why
	if a.status != 0 {
		return
	}
	if f.status == clientGone {
		a.status = clientGone
		panic(http.ErrAbortHandler)
	}
	h := a.Header()
	clear(h)
	text := strconv.Itoa(f.status) + " " + http.StatusText(f.status) + ": " + f.why + "\n"
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Cache-Control", "no-store")
	if b, ok := r.Body.(*body); ok && b.failed() && r.ProtoMajor == 1 {
		h.Set("Connection", "close") // nobody knows where the next request begins
	}
	a.WriteHeader(f.status)
	if r.Method != http.MethodHead {
		_, _ = a.Write([]byte(text))
	}
}

var (
	errNobody   = errors.New("no server of the pool is in rotation")
	errSlowTry  = errors.New("the server did not answer in time")
	errSlowBody = errors.New("the body came too slowly")
	errBigBody  = errors.New("the body is too large")
)

// refusalOf says what a failed try means to the client. What went wrong with
// the client's own body comes first: the server's error is but its echo.
func (e *errand) refusalOf(err error) refusal {
	var dial dialError
	switch {
	case e.body.failed():
		return e.body.refusal()
	case e.r.Context().Err() != nil:
		return refusal{clientGone, "the client has left"}
	case errors.Is(err, errNobody):
		return refusal{503, errNobody.Error()}
	case errors.Is(err, errSlowTry), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return refusal{504, errSlowTry.Error()}
	case errors.As(err, &dial):
		return refusal{502, "no server could be reached"}
	}
	return refusal{502, "the server's answer broke off or made no sense"}
}
