package httpproxy

import (
	"crypto/tls"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// visit is one request of a client, from its route to the books. It belongs to
// the goroutine that serves the request.
type visit struct {
	answer
	site   *site
	server *Server
	in     *http.Request
	client netip.Addr // who asks, as far as is known
	route  *route
	share  *share
	prefer *upstream.Upstream // where its cookie says; nil: nowhere
	came   string             // that cookie
	body   *body              // nil: none
	shadow *http.Request      // what a mirror is to be sent; nil: nothing
	sent   outgoing           // what servers get
	own    *errand            // the way there, where the route has nothing before its pool; nil: there was none yet
	placed bool               // its answer's fields have been read to where the client's are
	lent   bool               // to others who may have it after its end, see recycle

	served atomic.Pointer[upstream.Upstream] // who had it last
	tried  atomic.Int64                      // tries made

	hear  func(int, http.Header) error // interim, for as long as the memory lasts
	early sync.Mutex                   // of heads before the final one, when others carry the request
	final bool                         // no more of them
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	si := s.site.Load()
	v := newVisit()
	v.server, v.site, v.in, v.began = s, si, r, time.Now()
	v.ResponseWriter, v.http2, v.idle, v.patience = w, r.ProtoMajor == 2, si.Limits.TunnelIdle, si.Limits.WriteTime
	if v.http2 {
		v.slow.cut = func() { _ = http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0)) }
	}
	if r.TLS == nil {
		r.TLS, _ = r.Context().Value(tlsKey{}).(*tls.ConnectionState)
	}
	v.client = clientOf(r, si.Trusted)
	v.run()
	v.recycle()
}

// run is all of a visit. It panics where the answer has to break off.
func (v *visit) run() {
	v.server.Count.begin()
	defer v.end()
	v.boundUnread()
	v.serve()
	v.endZip()
	v.mirror()
}

// serve holds the request against what every one must meet, then does what its
// route says.
func (v *visit) serve() {
	if why := unfit(v.in); why != nil {
		v.refuse(v.in, *why)
		return
	}
	if v.route = v.site.table.find(v.in); v.route == nil {
		v.refuse(v.in, refusal{404, "no route"})
		return
	}
	if v.overRate() {
		return
	}
	if v.route.Redirect != nil {
		v.redirect()
		return
	}
	why := v.admitBody()
	if why == nil {
		why = v.hold()
	}
	if why != nil {
		v.refuse(v.in, *why)
		return
	}
	if v.route.Compress {
		v.zippable = v.in
	}
	v.choose(rand.Uint64())
	v.share.Pool.Count.begin()
	v.forward()
}

// unfit says why a request has no business here, whatever its route.
func unfit(r *http.Request) *refusal {
	switch {
	case r.Method == http.MethodConnect:
		return &refusal{405, "no tunnels to elsewhere"}
	case r.Method == http.MethodTrace:
		return &refusal{405, "TRACE would show a client what proxies add"}
	case r.URL.Path == "*" || r.URL.Path == "":
		return nil // OPTIONS *, or the root
	case r.URL.Path[0] != '/' || hasDots(r.URL.Path):
		// Servers differ in what they make of these: a route must not be
		// chosen by one reading and served by another.
		return &refusal{400, "path with . or .. in it"}
	}
	return nil
}

// hasDots says whether a decoded path has segments "." or "..".
func hasDots(path string) bool {
	if !strings.Contains(path, "/.") {
		return false
	}
	for seg := range strings.SplitSeq(path, "/") {
		if seg == "." || seg == ".." {
			return true
		}
	}
	return false
}

// end writes the visit into the books and the log. It runs also when the answer broke off.
func (v *visit) end() {
	took := time.Since(v.began)
	v.last()
	v.forgoUnread()
	v.body.leave()
	v.server.Count.end(v.status, took)
	if v.share != nil {
		v.share.Pool.Count.end(v.status, took)
	}
	if v.server.Access != nil {
		v.server.Access.note(v, took)
	}
}
