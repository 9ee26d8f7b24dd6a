package httpproxy

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"github.com/wyeproxy/wye/proxy/crowd"
)

// Settings are what one listener does. The zero value refuses every request
// with 404; each field has a default.
type Settings struct {
	Name    string         // for logs and metrics
	Routes  []Route        // see newTable for which one a request takes
	Limits  Limits         // of clients and their messages
	TLS     *tls.Config    // nil: none. Its NextProtos decide about HTTP/2
	H2C     bool           // HTTP/2 without TLS, by prior knowledge only: an upgrade can be smuggled
	Trusted []netip.Prefix // proxies whose X-Forwarded-* and Forwarded are believed; others' are removed
	// Introducers are load balancers whose conns begin with a PROXY header, which
	// says who the client is: from there on it is the peer.
	Introducers []netip.Prefix
	PerClient   crowd.Limit // of conns, by the peer's address
	Forwarded   bool        // send RFC 7239's header beside X-Forwarded-*
	Key         []byte      // of sticky cookies: the same on all proxies and across restarts, or clients change servers
}

// Limits are what clients may cost. A zero is the default, a negative number
// no limit.
type Limits struct {
	Conns      int           // open at once, default 10 000; more are closed
	HeadBytes  int           // of a request's head, default 32 KiB
	BodyBytes  int64         // of a request's body, default 64 MiB
	HeadTime   time.Duration // from the first byte of a head to its last, default 10 s
	BodyTime   time.Duration // waiting for a body's bytes, in all, beside what MinRate grants; default 30 s
	MinRate    int64         // bytes of a body that buy one more second, default 1024
	WriteTime  time.Duration // for a client to take one buffer of the answer, default 30 s
	IdleTime   time.Duration // between requests of one conn, default 60 s
	H2Streams  int           // requests at once on one HTTP/2 conn, default 128
	TunnelIdle time.Duration // of an upgraded conn without bytes, default 5 min
}

// Route says which requests it takes and what becomes of them.
type Route struct {
	Name      string // for logs and metrics, unique in a listener
	Match     Match
	Redirect  *Redirect // answers without a server; then To is empty
	To        []Share   // pools by weight
	Rewrite   Rewrite
	Sticky    *Sticky
	Rate      *Rate
	Mirror    *Mirror
	Compress  bool // gzip what has none. Not for pages that show a secret beside what a client sent (BREACH)
	Retry     Retry
	BodyBytes int64         // in place of Limits.BodyBytes
	Wait      time.Duration // for the head of an answer, all tries together, default 60 s
	// Around wraps what chooses a server and sends, for a cache say. It is called
	// once per Use. Requests that it sends on must have the values of a visit's
	// context. nil is nothing.
	Around func(http.RoundTripper) http.RoundTripper
}

// Match is what a request must be. An empty field matches all.
type Match struct {
	Hosts   []string    // lower case, without port: "shop.example", or "*.example" for any names before it
	Path    string      // of the decoded path; "" is all
	Kind    PathKind    // how Path is meant
	Methods []string    // upper case
	Headers []Condition // all must hold
	Queries []Condition // of decoded parameters
	Cookies []Condition
}

// PathKind is how Match.Path is compared.
type PathKind uint8

// The kinds of paths.
const (
	Prefix PathKind = iota // whole segments: "/a" is also "/a/b", not "/ab"
	Exact
	Regexp // the whole path, RE2
)

// Condition is one name and what its value must be. A name that is there
// several times holds if one of its values does.
type Condition struct {
	Name  string
	Value string         // equal to this; "" with no Like: it must be there
	Like  *regexp.Regexp // or like this, somewhere
}

// Share is a pool and its part of a route's requests.
type Share struct {
	Pool   *Pool
	Weight int // relative to the others'; 0 gets none but those whose cookie says so
}

// Sticky keeps a client where it was by a cookie, which is a MAC of the place:
// a client can repeat what it was given but not choose. It yields when its
// server is out of rotation, or fails the request.
type Sticky struct {
	Cookie string        // its name, default LB
	Pool   bool          // to the pool only, not the server: for canaries
	MaxAge time.Duration // 0 is until the browser closes
}

// Retry is when a request is sent again, to another server if there is one.
// Dials that fail are tried again for all requests, since nothing was sent;
// all else only for idempotent methods whose body is in memory.
type Retry struct {
	Tries    int           // in all, default 3; 1 is never again
	Statuses []int         // answers that are tried again, beside lost conns
	Time     time.Duration // of one try until the head of its answer; 0 is the route's Wait
	Body     int64         // bytes of a body that are kept in memory, default 64 KiB
}

// defaultWait is nginx's proxy_read_timeout.
const defaultWait = 60 * time.Second

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func (l Limits) withDefaults() Limits {
	l.Conns = or(l.Conns, 10_000)
	l.HeadBytes = or(l.HeadBytes, 32<<10)
	l.BodyBytes = or(l.BodyBytes, 64<<20)
	l.HeadTime = or(l.HeadTime, 10*time.Second)
	l.BodyTime = or(l.BodyTime, 30*time.Second)
	l.MinRate = or(l.MinRate, 1024)
	l.WriteTime = or(l.WriteTime, 30*time.Second)
	l.IdleTime = or(l.IdleTime, 60*time.Second)
	l.H2Streams = or(l.H2Streams, 128)
	l.TunnelIdle = or(l.TunnelIdle, 5*time.Minute)
	return l
}

func (r Retry) withDefaults() Retry {
	r.Tries = or(r.Tries, 3)
	r.Body = or(r.Body, 64<<10)
	return r
}
