package h1serve

import (
	"net/http"
	"net/url"
	"strings"
)

// parseTarget reads a request's target (RFC 9112, 3.2) into u.
func parseTarget(u *url.URL, method, target string) error {
	if plainTarget(u, target) {
		return nil
	}
	connects := method == http.MethodConnect && !strings.HasPrefix(target, "/")
	if connects {
		target = "http://" + target // host:port and nothing else
	}
	parsed, err := url.ParseRequestURI(target)
	if err != nil {
		return err
	}
	*u = *parsed
	if connects {
		u.Scheme = ""
	}
	return nil
}

// plainTarget reads what most targets are, a path in which nothing is escaped or
// would be by net/url, and maybe a query. It says no to all others.
func plainTarget(u *url.URL, target string) bool {
	path, query, asks := strings.Cut(target, "?")
	if path == "" || path[0] != '/' || asks && query == "" {
		return false
	}
	for i := range len(path) {
		if !plainBytes[path[i]] {
			return false
		}
	}
	for i := range len(query) {
		if query[i] <= ' ' || query[i] >= 0x7f {
			return false
		}
	}
	u.Path, u.RawQuery = path, query
	return true
}

// plainBytes are those that url.URL.EscapedPath leaves alone.
var plainBytes = func() (plain [256]bool) {
	for _, b := range []byte("/-_.~$&+,:;=@0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		plain[b] = true
	}
	return plain
}()
