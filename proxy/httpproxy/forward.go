package httpproxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"sync"
)

// forward sends the visit's request to its pool and the answer to its client.
// It is the one way from a visit to servers.
func (v *visit) forward() {
	out, why := v.outgoing()
	if why != nil {
		v.refuse(v.in, *why)
		return
	}
	res, err := v.carry(out)
	v.endInterim()
	if err != nil {
		v.refuse(v.in, v.refusalOf(err))
		return
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		v.upgrade(out, res)
		return
	}
	removeHopByHop(res.Header)
	v.modify(res)
	v.pass(res)
}

// carry sends the request, past what Around put before the pool.
func (v *visit) carry(out *http.Request) (*http.Response, error) {
	if v.route.around == nil {
		if v.own == nil {
			v.own = new(errand)
		}
		return v.own.run(v, out)
	}
	v.lent = true
	return v.route.around.RoundTrip(out.WithContext(context.WithValue(v.traced(), visitKey{}, v)))
}

// visitKey finds a request's visit again behind what Around put between.
type visitKey struct{}

// behind is what Around wraps: it finds the visit that a request is for.
type behind struct{}

// RoundTrip implements http.RoundTripper.
func (behind) RoundTrip(r *http.Request) (*http.Response, error) {
	return r.Context().Value(visitKey{}).(*visit).RoundTrip(r)
}

// interim passes on a head before the final one (1xx).
func (v *visit) interim(status int, h http.Header) error {
	removeHopByHop(h)
	ours := v.Header()
	addFields(ours, h)
	v.WriteHeader(status)
	clear(ours) // what belongs to the final one is not there yet
	return nil
}

// traced is the visit's context with the interim heads of whoever carries its
// request by net/http, or in another's stead. These may come from another
// goroutine, and after the answer: then they are dropped.
func (v *visit) traced() context.Context {
	return httptrace.WithClientTrace(v.in.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(status int, h textproto.MIMEHeader) error {
			v.early.Lock()
			defer v.early.Unlock()
			if v.final {
				return nil
			}
			return v.interim(status, http.Header(h))
		},
	})
}

// endInterim has interim heads dropped from here on.
func (v *visit) endInterim() {
	v.early.Lock()
	v.final = true
	v.early.Unlock()
}

// modify makes the answer that the client gets.
func (v *visit) modify(res *http.Response) {
	v.stick(res)
	v.route.Rewrite.Answer.apply(res.Header)
}

// pass passes the answer on to the client. A body that breaks off breaks the
// client's off as well.
func (v *visit) pass(res *http.Response) {
	v.place(res.Header)
	h := v.Header()
	for name := range res.Trailer {
		h.Add("Trailer", name)
	}
	announced := len(res.Trailer)
	v.WriteHeader(res.StatusCode)
	err := v.copyBody(res)
	_ = res.Body.Close()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if len(res.Trailer) == 0 {
		return
	}
	_ = v.FlushError() // chunks, whatever the length: a trailer has no other place
	prefix := ""
	if len(res.Trailer) != announced {
		prefix = http.TrailerPrefix // of those that nobody announced
	}
	for name, values := range res.Trailer {
		for _, value := range values {
			h.Add(prefix+name, value)
		}
	}
}

// place puts the fields of an answer where the client's are.
func (v *visit) place(h http.Header) {
	if !v.placed {
		addFields(v.Header(), h)
	}
}

// copyBody writes a body of unknown length, or of events, as it comes, from
// its head on; others when a buffer is full.
func (v *visit) copyBody(res *http.Response) error {
	if res.Body == http.NoBody {
		return nil
	}
	flush := res.ContentLength == -1 || isEvents(res.Header.Get("Content-Type"))
	if flush {
		_ = v.FlushError() // a client that is gone shows at the next write
	}
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, err := res.Body.Read(*buf)
		if n > 0 {
			if _, werr := v.Write((*buf)[:n]); werr != nil {
				return werr
			}
			if flush && err != io.EOF {
				if werr := v.FlushError(); werr != nil {
					return werr
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// isEvents says whether the type is of server-sent events.
func isEvents(contentType string) bool {
	const events = "text/event-stream"
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.Trim(kind, " \t"), events)
}

// buffers are for bodies; 32 KiB as io.Copy has.
var buffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}
