package httpproxy

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// forward sends the request's visit to its pool, on behalf of what Around put
// before it: with the same request or one made of it, once or not at all.
func forward(w http.ResponseWriter, r *http.Request) {
	r.Context().Value(visitKey{}).(*visit).forward(w, r)
}

// forward sends a request to the visit's pool and the answer to w.
func (v *visit) forward(w http.ResponseWriter, r *http.Request) {
	e := &errand{visit: v, r: r, began: time.Now()}
	if own, ok := w.(*answer); ok {
		e.w = own
	} else {
		e.w = &answer{ResponseWriter: w, idle: v.idle}
	}
	e.body, _ = r.Body.(*body)
	proxy := httputil.ReverseProxy{
		Rewrite:        e.rewrite,
		Transport:      e,
		ModifyResponse: e.modify,
		ErrorHandler:   func(_ http.ResponseWriter, _ *http.Request, err error) { e.w.refuse(e.r, e.refusalOf(err)) },
		BufferPool:     buffers{},
		ErrorLog:       silent,
	}
	proxy.ServeHTTP(e.w, r)
}

// silent drops what ReverseProxy says of clients that left: the access log has
// it.
var silent = log.New(io.Discard, "", 0)

// rewrite makes the request that servers get.
func (e *errand) rewrite(pr *httputil.ProxyRequest) {
	pr.Out.Host = pr.In.Host
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery // as it came; ReverseProxy tidies it
	e.tellOrigin(pr.Out)
}

// modify makes the answer that the client gets.
func (e *errand) modify(*http.Response) error { return nil }

// buffers are for bodies; 32 KiB as io.Copy has.
type buffers struct{}

var bufferPool = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

func (buffers) Get() []byte  { return *bufferPool.Get().(*[]byte) }
func (buffers) Put(b []byte) { bufferPool.Put(&b) }
