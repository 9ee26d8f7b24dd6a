package httpcache

import (
	"net/http"
	"net/url"
	"time"
)

// Settings bound a Cache. Zero fields have a default.
type Settings struct {
	Bytes    int64         // of all that is kept, recorded and being sent, overhead counted; default 64 MiB
	MaxEntry int64         // the longest body that is kept, in bytes; default 1 MiB
	Wait     time.Duration // how long a request waits for the answer to another before it goes on its own; default 5 s
	FillTime time.Duration // how long a fill may go on for which no client waits any more; default 30 s
	// Name is this cache's name in Cache-Status (RFC 9211), which is not sent
	// when it is empty.
	Name string
}

func (s Settings) withDefaults() Settings {
	s.Bytes = or(s.Bytes, 64<<20)
	s.MaxEntry = or(s.MaxEntry, 1<<20)
	s.Wait = or(s.Wait, 5*time.Second)
	s.FillTime = or(s.FillTime, 30*time.Second)
	return s
}

func or[T int64 | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}

// Rule is how one view keeps responses. The zero Rule is the standard to the
// letter: what does not say how long it is fresh is not kept.
type Rule struct {
	// TTL is how long responses are fresh that do not say it themselves and
	// have a status that may be kept so (RFC 9110, 15.1). 0: not at all.
	TTL time.Duration
	// Heuristic, in percent of the time between Last-Modified and Date, is
	// such a time, too, where there is a Last-Modified (RFC 9111, 4.2.2). 0:
	// none; 10 is usual.
	Heuristic int
	// StaleWhile and StaleIfError are used where the response does not say it
	// (RFC 5861). They give way to must-revalidate and its like.
	StaleWhile, StaleIfError time.Duration
	// IgnoreClient: what requests ask for by Cache-Control and Pragma does
	// not count, so that reloading does not reach the servers.
	IgnoreClient bool
	// Target is the URI that the client asked for, where the request that
	// reaches the cache was rewritten: absolute, with the client's host. By
	// default it is the request's URL with its Host; the scheme, where the URL
	// has none, is https if the request's TLS is set.
	Target func(*http.Request) *url.URL
}
