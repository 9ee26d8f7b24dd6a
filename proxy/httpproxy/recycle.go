package httpproxy

import (
	"net/http"
	"sync"
)

// visits are those that are over. What they were is gone, and the memory is left.
var visits = sync.Pool{New: func() any {
	v := new(visit)
	v.hear = v.interim
	return v
}}

func newVisit() *visit { return visits.Get().(*visit) }

// manyFields is more than most heads have: a map that has had room for more is not kept.
const manyFields = 32

// recycle gives the visit's memory to one that comes later, with the request
// that servers got and their answer, and the ResponseWriter to the conn's next
// request, where nobody else can have them any more. The client's request is
// left alone, and so are all strings.
//
// It is called by the goroutine that served the request, when that did not
// panic. No other goroutine can have any of it, for:
//
//  1. What Around put before the pool gets the visit in a context, and may send
//     requests of its own for it at any time: such a visit is lent.
//  2. The standard library's transport may go on with a request and its hooks
//     after its answer: lent, too. The room h1 has a goroutine beside only for a
//     body (3), and at the end of the client's context one that knows no more
//     than the server's conn.
//  3. A body of the client's may be read for a server that has answered already,
//     or still be waited for: not with one.
//  4. A tunnel's conn is not the ResponseWriter's any more: not after a 101.
//  5. A client of HTTP/2 has a timer that looks at the visit: not over HTTP/2.
//  6. The ResponseWriter is still to end its answer. Of the visit it has nothing:
//     the fields' values are their own.
//  7. A mirror gets a copy of everything, and the access log a line.
func (v *visit) recycle() {
	if v.lent || v.body != nil || v.in.Body != http.NoBody || v.http2 || v.status == http.StatusSwitchingProtocols {
		return
	}
	if w, ok := v.ResponseWriter.(interface{ Reuse() }); ok {
		w.Reuse()
	}
	h := v.sent.header
	if max(len(h), len(v.in.Header)) > manyFields {
		h = nil
	}
	clear(h)
	if v.own != nil {
		*v.own = errand{}
	}
	*v = visit{hear: v.hear, own: v.own, sent: outgoing{header: h}}
	visits.Put(v)
}
