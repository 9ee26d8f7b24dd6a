package config

import "time"

// ListenerHTTP is how the clients of an http listener are served.
type ListenerHTTP struct {
	HTTP2        bool          `wye:"http2" default:"true" doc:"Offer HTTP/2 to clients that come with TLS."`
	H2C          bool          `wye:"h2c,restart" default:"false" doc:"Take HTTP/2 without TLS, from clients that begin with it (prior knowledge). Upgrades to it are never taken."`
	Trusted      []string      `wye:"trusted_proxies" check:"prefix" doc:"Ranges of addresses of proxies before wye. What their X-Forwarded-For, -Proto and -Host and Forwarded say is believed, and added to; what others say there is removed. Behind accept_proxy the address that the header gives is what counts."`
	Forwarded    bool          `wye:"forwarded" default:"false" doc:"Send RFC 7239's Forwarded to servers beside X-Forwarded-For, -Proto and -Host."`
	CookieKey    Secret        `wye:"cookie_key" derived:"random, until the process ends" doc:"Makes the cookies of sticky routes. The same on all proxies, or clients change servers between them and with each restart."`
	AccessLog    string        `wye:"access_log,restart" derived:"none" doc:"File for a line per request; \"-\" is the standard output. Each reload opens it by its name again, for logrotate."`
	AccessFormat AccessFormat  `wye:"access_format,restart" default:"json" doc:"json, or combined (httpd's, and milliseconds)."`
	Head         int64         `wye:"max_head,restart" default:"32KiB" min:"1KiB" max:"1MiB" doc:"Most bytes of a request's head."`
	Body         int64         `wye:"max_body" default:"64MiB" min:"0" max:"1024GiB" doc:"Most bytes of a request's body; see max_body of a route. 0 is no limit."`
	HeadTime     time.Duration `wye:"head_timeout,restart" default:"10s" min:"10ms" max:"1h" doc:"From the first byte of a head to its last, for the TLS handshake, and for the PROXY header (accept_proxy)."`
	BodyTime     time.Duration `wye:"body_timeout" default:"30s" min:"10ms" max:"24h" doc:"Waiting for a body's bytes, in all; each KiB that comes buys one second more."`
	WriteTime    time.Duration `wye:"write_timeout" default:"30s" min:"10ms" max:"1h" doc:"For a client to take what is written at a time, at most 32 KiB."`
	Idle         time.Duration `wye:"idle_timeout,restart" default:"1m" min:"10ms" max:"24h" doc:"Between two requests of one connection."`
	Tunnel       time.Duration `wye:"tunnel_timeout" default:"5m" min:"10ms" max:"8760h" doc:"A WebSocket or other upgraded connection on which nothing moved for so long is closed."`
	CacheMemory  int64         `wye:"cache_memory,restart" default:"64MiB" min:"64KiB" max:"1024GiB" doc:"Most bytes that all routes with cache keep together, overhead and what is being recorded included."`
	CacheEntry   int64         `wye:"cache_max_entry,restart" default:"1MiB" min:"1KiB" max:"1GiB" doc:"Longest body that is kept."`
	Streams      int           `wye:"max_streams,restart" default:"128" min:"1" max:"10000" doc:"Most requests at a time on one HTTP/2 connection."`
}

// AccessFormat is a form of the access log.
type AccessFormat string

// The forms.
const (
	AccessJSON     AccessFormat = "json"
	AccessCombined AccessFormat = "combined"
)

func (AccessFormat) allowed() []string { return []string{"json", "combined"} }

// HTTPRoute says which requests it takes and what becomes of them.
type HTTPRoute struct {
	Name     string         `wye:"name"`
	Hosts    []string       `wye:"hosts,one" doc:"Hosts that are asked for: names, or all below one: \"*.example.com\". Absent: any."`
	Path     string         `wye:"path" doc:"Paths that begin with this, in whole segments: /a takes /a and /a/b, not /ab. One of path, exact and regexp, or none."`
	Exact    string         `wye:"exact" doc:"This path and no other."`
	Regexp   string         `wye:"regexp" doc:"Paths that match this as a whole (RE2)."`
	Methods  []string       `wye:"methods,one" doc:"Methods, in capitals. Absent: any."`
	Headers  []string       `wye:"headers,one" doc:"Headers that must be there: \"Name\", \"Name=value\" or \"Name~regexp\"."`
	Queries  []string       `wye:"queries,one" doc:"The same of parameters of the query."`
	Cookies  []string       `wye:"cookies,one" doc:"The same of cookies."`
	Pool     string         `wye:"pool" doc:"The pool that its requests go to. One of pool, to and redirect."`
	To       []RouteShare   `wye:"to" doc:"Pools by weight: [{pool: stable, weight: 95}, {pool: canary, weight: 5}]."`
	Redirect *RouteRedirect `wye:"redirect"`
	Rewrite  *RouteRewrite  `wye:"rewrite"`
	Sticky   *RouteSticky   `wye:"sticky"`
	Retry    RouteRetry     `wye:"retry"`
	Rate     *RouteRate     `wye:"rate"`
	Mirror   *RouteMirror   `wye:"mirror"`
	Cache    *RouteCache    `wye:"cache"` // nil: nothing is kept
	Compress bool           `wye:"compress" default:"false" doc:"Compress answers (gzip) that are text and not compressed. Not for pages that show a secret beside what the client sent: their length tells of it (BREACH)."`
	Body     int64          `wye:"max_body" min:"1B" max:"1024GiB" derived:"the listener's" doc:"Most bytes of a request's body."`
	Wait     time.Duration  `wye:"timeout" default:"1m" min:"1ms" max:"24h" doc:"Until the head of the answer, all tries together."`
}

// RouteShare is a pool and its part of a route's requests.
type RouteShare struct {
	Pool   string `wye:"pool,required" doc:"The pool."`
	Weight int    `wye:"weight" default:"1" min:"0" max:"1000000" doc:"Its part, beside the others'. 0 gets only those whose cookie says so."`
}

// RouteRedirect sends clients elsewhere, with the path that rewrite makes.
type RouteRedirect struct {
	Status int    `wye:"status" default:"308" min:"301" max:"308" doc:"301, 302, 303, 307 or 308."`
	Scheme string `wye:"scheme" derived:"as it came" doc:"http or https."`
	Host   string `wye:"host" derived:"as it came" doc:"Host, perhaps with a port."`
}

// RouteRewrite is what is changed of requests and answers.
type RouteRewrite struct {
	Host    string   `wye:"host" doc:"Host to ask servers for, in place of the client's."`
	Path    string   `wye:"path" doc:"The whole path. One of path, prefix and regexp."`
	Prefix  string   `wye:"prefix" doc:"In place of the prefix that the route's path is."`
	Regexp  string   `wye:"regexp" doc:"What \"with\" takes the place of, the first match in the decoded path."`
	With    string   `wye:"with" doc:"In its place; $1 is its first group."`
	Request []string `wye:"request,one" doc:"Headers of requests: \"Name: value\" sets, \"+Name: value\" adds, \"-Name\" removes."`
	Answer  []string `wye:"answer,one" doc:"The same of answers."`
}

// RouteSticky keeps a client at its server by a cookie.
type RouteSticky struct {
	Cookie string        `wye:"cookie" default:"LB" doc:"Name of the cookie. It is a MAC of the place: a client can keep it, but not make one."`
	Pool   bool          `wye:"pool_only" default:"false" doc:"To the pool, for a share of a canary, and not to one server."`
	MaxAge time.Duration `wye:"max_age" default:"0" max:"8760h" doc:"How long browsers keep it; 0 until they close."`
}

// RouteRetry is when a request is sent again, to another server if there is
// one.
type RouteRetry struct {
	Tries    int           `wye:"tries" default:"3" min:"1" max:"64" doc:"Most servers that are tried for one request: all when they cannot be reached; GET, HEAD, OPTIONS, PUT and DELETE also when the connection is lost before an answer. A pool's retries are at most a fifth of its requests (and three)."`
	Statuses []int         `wye:"statuses" min:"400" max:"599" doc:"Statuses upon which these methods are tried again, too."`
	Time     time.Duration `wye:"try_timeout" default:"0" max:"24h" doc:"For the head of one server's answer; 0 is timeout alone."`
	Body     int64         `wye:"max_body" default:"64KiB" min:"0" max:"16MiB" doc:"Bodies up to this are kept in memory, to be sent again."`
}

// RouteRate bounds the requests of each client. Others get 429 with
// Retry-After.
type RouteRate struct {
	Requests int           `wye:"requests,required" min:"1" max:"1000000" doc:"Requests of one key in \"per\"."`
	Per      time.Duration `wye:"per" default:"1s" min:"1ms" max:"24h" doc:"The time they are counted in."`
	Burst    int           `wye:"burst" min:"1" max:"1000000" derived:"requests" doc:"Requests that may come at once."`
	By       string        `wye:"by" default:"address" doc:"What is one key: address (of IPv6 its first 64 bits), \"header NAME\" or \"cookie NAME\" (the address where it is absent), or uri."`
	Keys     int           `wye:"keys" default:"100000" min:"100" max:"10000000" doc:"Most keys that are remembered; the oldest are forgotten."`
}

// RouteMirror sends copies of requests to another pool, whose answers nobody
// gets.
type RouteMirror struct {
	Pool    string `wye:"pool,required" doc:"The pool that gets copies. At most 64 of a listener wait and 8 are under way; more are dropped."`
	Percent int    `wye:"percent" default:"100" min:"1" max:"100" doc:"Of the requests."`
	Body    int64  `wye:"max_body" default:"64KiB" min:"0" max:"1MiB" doc:"Requests with a longer body are not copied."`
}

// RouteCache is how a route's answers are kept and given again (RFC 9111, as a
// shared cache). The section's presence turns it on.
type RouteCache struct {
	TTL       time.Duration `wye:"ttl" default:"0" max:"8760h" doc:"How long answers are fresh that do not say it themselves; 0 keeps only those that do."`
	Heuristic int           `wye:"heuristic" default:"0" min:"0" max:"100" doc:"Or percent of the time since their Last-Modified; 10 is usual, 0 is off."`
	While     time.Duration `wye:"stale_while_revalidate" default:"0" max:"8760h" doc:"How long a stale answer is given while the server is asked, where the answer does not say (RFC 5861)."`
	IfError   time.Duration `wye:"stale_if_error" default:"0" max:"8760h" doc:"How long a stale answer is given where the server fails, where the answer does not say."`
	Ignore    bool          `wye:"ignore_client" default:"false" doc:"Requests' Cache-Control and Pragma do not count: reloading a page does not reach the servers."`
}

// PoolHTTP is how the servers of an http pool are spoken to.
type PoolHTTP struct {
	HTTP2   bool          `wye:"http2" default:"false" doc:"Speak HTTP/2 to servers: by ALPN with tls, else by prior knowledge and nothing else. gRPC needs it."`
	Key     string        `wye:"hash_by" default:"address" doc:"With balance: hash, ring or maglev, requests of one key go to one server: address, \"header NAME\", \"cookie NAME\" or uri."`
	Stall   time.Duration `wye:"stall_timeout" default:"1m" min:"10ms" max:"24h" doc:"A server's connection on which nothing moved for so long, during a request, is closed. Not of WebSockets: see tunnel_timeout of listeners."`
	Keep    time.Duration `wye:"keep" default:"30s" min:"1s" max:"1h" doc:"How long an unused connection to a server is kept; shorter than servers keep theirs."`
	MaxKept int           `wye:"max_kept" default:"256" min:"1" max:"100000" doc:"Most unused connections kept to one server."`
}

// ProbeHTTP is what an http check asks and wants to hear.
type ProbeHTTP struct {
	Path     string `wye:"path" default:"/" doc:"The path that is asked for (GET)."`
	Host     string `wye:"host" derived:"the server's address" doc:"The host that is asked for."`
	Statuses []int  `wye:"statuses" min:"100" max:"599" derived:"200 to 399" doc:"Statuses that pass."`
	Header   string `wye:"header" doc:"A header that must be there: \"Name\", \"Name=value\" or \"Name~regexp\"."`
	Body     string `wye:"body" doc:"What must match in the first 64 KiB of the body (RE2)."`
}

func (r *HTTPRoute) pools() (names []string) {
	if r.Pool != "" {
		names = append(names, r.Pool)
	}
	for _, s := range r.To {
		names = append(names, s.Pool)
	}
	if r.Mirror != nil {
		names = append(names, r.Mirror.Pool)
	}
	return names
}
