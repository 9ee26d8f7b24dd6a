package httpproxy

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// forward sends the request's visit to its pool. It is an http.HandlerFunc, so
// that what Around puts before it can call it, with the same request or one
// made of it, once or not at all.
func forward(w http.ResponseWriter, r *http.Request) {
	v := r.Context().Value(visitKey{}).(*visit)
	e := &errand{visit: v, r: r, w: v.answer, began: time.Now()}
	if w != http.ResponseWriter(v.answer) {
		e.w = &answer{ResponseWriter: w}
	}
	e.body, _ = r.Body.(*body)
	proxy := httputil.ReverseProxy{
		Rewrite:        e.rewrite,
		Transport:      e,
		ModifyResponse: e.modify,
		ErrorHandler:   func(_ http.ResponseWriter, r *http.Request, err error) { e.w.refuse(r, e.refusalOf(err)) },
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
