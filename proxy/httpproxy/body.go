package httpproxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// body is a request's body on its way to a server, held to the limits. One
// goroutine reads it at a time.
type body struct {
	io.ReadCloser
	control  *http.ResponseController
	left     int64         // bytes that may still come; negative is no limit
	patience time.Duration // of waiting that is left
	rate     int64         // bytes that buy a second more; 0 or less buys nothing
	limited  bool          // patience counts
	moved    time.Time     // when the deadline was last moved
	slow     *watch        // in place of deadlines, HTTP/2 only

	memory []byte // the whole body, where it is kept; set before the first try

	tee  []byte // what has come, for a mirror
	teed int64  // how much of it is wanted at most; 0 is none

	ended atomic.Bool           // all of it came; tee is not written any more
	begun atomic.Bool           // a byte was asked for
	fault atomic.Pointer[error] // what ended it other than its end

	mu     sync.Mutex  // over the client's conn: who has it may touch it until over
	over   atomic.Bool // the visit is
	vacant atomic.Bool // nobody wants more
}

// admitBody says why the request's body may not come; else it puts the limits
// around it.
func (v *visit) admitBody() *refusal {
	r, l := v.in, v.site.Limits
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	limit := v.route.BodyBytes
	if limit >= 0 && r.ContentLength > limit {
		return &refusal{413, errBigBody.Error()}
	}
	v.body = &body{
		ReadCloser: r.Body, control: http.NewResponseController(v.ResponseWriter),
		left: limit, patience: l.BodyTime, rate: l.MinRate,
		// A stream's client is silent for as long as it has nothing to say.
		limited: l.BodyTime > 0 && !isStream(r.Header.Get("Content-Type")),
	}
	if !v.body.limited {
		v.body.until(time.Time{})
	}
	if v.http2 {
		v.body.slow = &watch{cut: func() { _ = v.body.control.SetReadDeadline(time.Unix(1, 0)) }}
	}
	if m := v.route.Mirror; m != nil {
		v.body.teed = m.Body
	}
	// In a copy: net/http looks at the body of its own to see whether a client
	// still waits for 100 Continue, and then does not wait for the body.
	v.in = r.WithContext(r.Context())
	v.in.Body = v.body
	return nil
}

// asksFirst says whether a client waits for 100 Continue before it sends the
// body (RFC 9110, 10.1.1): its server is to say whether it wants it.
func asksFirst(r *http.Request) bool { return listed(r.Header.Values("Expect"), "100-continue") }

// isStream says whether bodies of that type are conversations.
func isStream(contentType string) bool {
	const grpc = "application/grpc"
	return len(contentType) >= len(grpc) && contentType[:len(grpc)] == grpc
}

func (b *body) Read(p []byte) (int, error) {
	b.begun.Store(true)
	if b.fault.Load() != nil {
		return 0, *b.fault.Load()
	}
	if b.over.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	asked := time.Now()
	b.postpone(asked)
	n, err := b.ReadCloser.Read(p)
	if b.slow != nil {
		b.slow.end()
	}
	if b.limited {
		b.patience -= time.Since(asked)
		if b.rate > 0 {
			b.patience += time.Duration(int64(n) * int64(time.Second) / b.rate)
		}
	}
	if b.left >= 0 {
		if b.left -= int64(n); b.left < 0 {
			err = errBigBody
		}
	}
	if int64(len(b.tee)) <= b.teed && b.teed > 0 {
		b.tee = append(b.tee, p[:n]...) // at most one read above it, and then no more
	}
	switch {
	case err == io.EOF:
		b.release()
		b.ended.Store(true)
	case errors.Is(err, os.ErrDeadlineExceeded) && b.vacant.Load():
		err = errVacant // no fault of the client's
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errSlowBody
		fallthrough
	case err != nil:
		b.fault.CompareAndSwap(nil, &err)
	}
	return n, err
}

// postpone moves the deadline to where patience ends, if that has moved.
func (b *body) postpone(now time.Time) {
	if b.limited && b.slow != nil {
		b.slow.begin(max(b.patience, 0))
		return
	}
	if !b.limited || (!b.moved.IsZero() && now.Sub(b.moved) < deadlineStep) {
		return
	}
	b.moved = now
	b.until(now.Add(max(b.patience, 0)))
}

// until sets the deadline, unless the visit is over: what comes then is
// somebody else's.
func (b *body) until(end time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over.Load() && !b.vacant.Load() {
		_ = b.control.SetReadDeadline(end)
	}
}

// release takes the deadline away: what comes next on the conn is not the
// body's.
func (b *body) release() {
	if b.limited && !b.moved.IsZero() {
		b.until(time.Time{})
	}
}

// refusal says what a body that ended wrong means to its client.
func (b *body) refusal() refusal {
	switch err := *b.fault.Load(); {
	case errors.Is(err, errBigBody):
		return refusal{413, errBigBody.Error()}
	case errors.Is(err, errSlowBody):
		return refusal{408, errSlowBody.Error()}
	}
	return refusal{400, "the body broke off or is malformed"}
}

// hold reads a body that servers may have to be sent again into memory, if it
// is known to fit and is coming.
func (v *visit) hold() *refusal {
	b, limit := v.body, v.route.Retry.Body
	if b == nil || v.in.ContentLength <= 0 || v.in.ContentLength > limit || v.route.Retry.Tries < 2 || !idempotent(v.in.Method) || asksFirst(v.in) {
		return nil
	}
	b.memory = make([]byte, v.in.ContentLength)
	if _, err := io.ReadFull(b, b.memory); err != nil {
		if b.fault.Load() == nil {
			b.fault.Store(&err)
		}
		f := b.refusal()
		return &f
	}
	return nil
}

// rewind gives a try the body from its beginning. A try closes what it gets,
// which must not end the body for the next.
func (b *body) rewind(out *http.Request) {
	switch {
	case b == nil:
	case b.memory != nil:
		out.Body = io.NopCloser(bytes.NewReader(b.memory))
	default:
		out.Body = lent{b}
	}
}

// replayable says whether the body can be sent again.
func (b *body) replayable() bool { return b == nil || b.memory != nil }

// failed says whether the body ended other than at its end.
func (b *body) failed() bool { return b != nil && b.fault.Load() != nil }

// copied is the whole body, if it has come and is not longer than that.
func (b *body) copied(limit int64) ([]byte, bool) {
	switch {
	case b == nil:
		return nil, true
	case b.memory != nil:
		return b.memory, int64(len(b.memory)) <= limit
	case !b.ended.Load() || int64(len(b.tee)) > limit:
		return nil, false
	}
	return b.tee, true
}
