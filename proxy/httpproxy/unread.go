package httpproxy

import (
	"net/http"
	"time"
)

// The standard library's server reads, without a limit of time, what is left of
// an HTTP/1 body that nobody has read: before the head of an answer goes out, and
// after its end. So a refusal may wait for a body, and a conn for ever.

// boundUnread puts the limit of slow bodies around one that has not been looked
// at yet. body.postpone moves it on.
func (v *visit) boundUnread() {
	if t := v.site.Limits.BodyTime; t > 0 && hasBody(v.in) && !v.http2 {
		_ = http.NewResponseController(v.ResponseWriter).SetReadDeadline(v.began.Add(t))
	}
}

// forgoUnread gives up at once a body that the client was not told to send, and
// after the limit one that it did not send to its end.
func (v *visit) forgoUnread() {
	if v.http2 || !hasBody(v.in) || v.body != nil && v.body.ended.Load() {
		return
	}
	var wait time.Duration
	if !asksFirst(v.in) || v.body != nil && v.body.begun.Load() {
		if wait = v.site.Limits.BodyTime; wait <= 0 || v.body == nil {
			return
		}
	}
	_ = http.NewResponseController(v.ResponseWriter).SetReadDeadline(time.Now().Add(wait))
}

func hasBody(r *http.Request) bool { return r.ContentLength != 0 }

// leave says that the visit is over. A try may go on reading for a moment, when
// nobody must touch the client's conn any more.
func (b *body) leave() {
	if b == nil {
		return
	}
	if b.slow != nil {
		b.slow.stop()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over.Store(true)
}

// vacate ends a read that waits for the client: its server has gone, and whoever
// closes the body of a request waits for its reader.
func (b *body) vacate() {
	if !b.begun.Load() || b.ended.Load() {
		return // another try may want it, or nobody reads
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over.Load() {
		b.vacant.Store(true)
		_ = b.control.SetReadDeadline(time.Unix(1, 0))
	}
}

// lent is a body that goes on with one try: it gives up with it what the client
// has not sent yet.
type lent struct{ *body }

func (l lent) Close() error {
	l.vacate()
	return nil
}
