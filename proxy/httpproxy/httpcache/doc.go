// Package httpcache is a shared HTTP cache by RFC 9111: which responses may be
// kept, for how long they are good, for which requests, and what has to be
// asked again. It does no I/O of its own.
//
// # The seam
//
// A [View] wraps an [http.RoundTripper]: it stands between a reverse proxy and
// what chooses a server and sends. Under [net/http/httputil.ReverseProxy] that
// is the cleaner cut than a handler in front of it would be. A response is a
// value there, with a body that can be read twice: no recorder has to guess
// when a head is final. Interim responses (1xx) never pass, so none can be
// kept. Fields of the connection, trailers, upgrades and a client that leaves
// are already taken care of above. A 304, a range or a HEAD is a change to a
// value. And validating in the background is one more round trip, which needs
// no ResponseWriter that nobody reads.
//
// The price: the cache sees the request as it was rewritten. So where a rewrite
// changes scheme, host or path, [Rule].Target says what the client asked for,
// which is what responses are kept under.
//
// # How it works
//
// What can be decided without waiting is pure and stands by itself:
// directives.go (and scan.go) reads Cache-Control, freshness.go counts ages,
// storable.go says what may be kept, vary.go for which requests, conditions.go
// and ranges.go evaluate what a client asks of a stored response, fields.go
// says which fields are kept and how a 304 updates them, key.go when two URIs
// are one, and entry.judge puts them together.
//
// A request that no stored response answers boards a flight (board.go): one
// goroutine, owned by the cache, asks the server (flight.go, outcome.go, landing.go) and
// records the body as fast as it comes (recording.go), however slow the
// clients are that follow it (follow.go). Others who want the same wait for
// it, for [Settings].Wait at the most, and go on their own when what came is
// not for them (ride.go). A body is stored when all of it came, and never
// otherwise.
//
// Every byte that is stored, recorded, or still being sent from memory counts
// against one budget (cache.go, body.go), before it is allocated.
//
// # Where it is stricter than it must be
//
// Responses that set cookies are kept only if they are "public" or have
// s-maxage. Fields named by no-cache="..." are not kept. 206 is not kept, and
// never combined; ranges are answered from whole responses. Contradicting or
// unreadable times make a response stale. Nothing stale is sent unless a
// directive or the rule allows it, and never against must-revalidate,
// proxy-revalidate, no-cache or s-maxage. A body that ends with its connection
// is not kept, as nobody knows whether it is whole; nor is one with trailers.
//
// When a client got something old, look at entry.judge and at storable; when
// memory grows, at Cache.reserve; when many ask the server at once, at board.
package httpcache
