package httpproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"strconv"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// refusal is an answer of our own to a request that no server gets, or whose
// server failed.
type refusal struct {
	status int
	why    string // for the client and the log; nothing secret
}

// clientGone is nginx's status for the books: nobody is there to be answered.
const clientGone = 499

// refuse answers, if no answer has begun, with the fields given as pairs.
func (a *answer) refuse(r *http.Request, f refusal, fields ...string) {
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
	for i := 0; i+1 < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	a.zippable = nil
	if r.ProtoMajor == 2 && isGRPC(r.Header) {
		a.refuseGRPC(r, f)
		return
	}
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
	errSlowTry  = errors.New("the server did not answer in time")
	errSlowBody = errors.New("the body came too slowly")
	errVacant   = errors.New("the server has gone")
	errBigBody  = errors.New("the body is too large")
)

// refusalOf says what a failed try means to the client. What went wrong with
// the client's own body comes first: the server's error is but its echo.
func (v *visit) refusalOf(err error) refusal {
	var dial dialError
	var cert *tls.CertificateVerificationError
	switch {
	case v.body.failed():
		return v.body.refusal()
	case v.in.Context().Err() != nil:
		return refusal{clientGone, "the client has left"}
	case errors.Is(err, upstream.ErrQueueTimeout):
		return refusal{503, "every server stayed busy"}
	case noPlace(err):
		return refusal{503, "no server can take the request now"}
	case errors.Is(err, errSlowTry), errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return refusal{504, errSlowTry.Error()}
	case errors.As(err, &cert):
		return refusal{502, "the server's certificate was not accepted"}
	case errors.As(err, &dial):
		return refusal{502, "no server could be reached"}
	}
	return refusal{502, "the server's answer broke off or made no sense"}
}
