package httpproxy

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"
)

// forward sends the visit's request to its pool and the answer to its client.
// It is the one way from a visit to servers: what takes its place has the same
// tests to pass.
func (v *visit) forward() {
	proxy := httputil.ReverseProxy{
		Rewrite:        v.rewrite,
		Transport:      v,
		ModifyResponse: v.modify,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { v.refuse(v.in, v.refusalOf(err)) },
		BufferPool:     buffers{},
		ErrorLog:       silent,
	}
	r := v.in
	if v.route.around != nil {
		proxy.Transport = v.route.around
		r = r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
	}
	proxy.ServeHTTP(v.answer, r)
}

// visitKey finds a request's visit again behind what Around put between.
type visitKey struct{}

// behind is what Around wraps: it finds the visit that a request is for.
type behind struct{}

// RoundTrip implements http.RoundTripper.
func (behind) RoundTrip(r *http.Request) (*http.Response, error) {
	return r.Context().Value(visitKey{}).(*visit).RoundTrip(r)
}

// silent drops what ReverseProxy says of clients that left: the access log has
// it.
var silent = log.New(io.Discard, "", 0)

// rewrite makes the request that servers get.
func (v *visit) rewrite(pr *httputil.ProxyRequest) {
	pr.Out.Host = pr.In.Host
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery // as it came; ReverseProxy tidies it
	v.tellOrigin(pr.Out)
	v.route.Rewrite.request(pr.Out, v.route.rule)
	if v.route.Mirror != nil {
		v.shadow = pr.Out.Clone(context.Background())
	}
}

// modify makes the answer that the client gets.
func (v *visit) modify(res *http.Response) error {
	v.stick(res)
	v.route.Rewrite.Answer.apply(res.Header)
	return nil
}

// buffers are for bodies; 32 KiB as io.Copy has.
type buffers struct{}

var bufferPool = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func (buffers) Get() []byte  { return *bufferPool.Get().(*[]byte) }
func (buffers) Put(b []byte) { bufferPool.Put(&b) }
