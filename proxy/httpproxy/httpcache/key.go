package httpcache

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// appendKey appends the URI that is asked for: scheme, host and port, path and
// query, in a form in which equal ones are equal bytes. Only what RFC 3986,
// 6.2.2 and 6.2.3 make equal is: case of scheme, host and hex digits, escapes
// that need not be, the scheme's own port, an empty path. Dot segments stay,
// as servers differ over them.
func appendKey(b []byte, scheme, host string, u *url.URL) []byte {
	b = appendLower(b, scheme)
	b = append(b, "://"...)
	b = appendLower(b, withoutPort(scheme, host))
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	b = appendEscaped(b, path)
	if u.RawQuery != "" || u.ForceQuery {
		b = append(b, '?')
		b = appendEscaped(b, u.RawQuery)
	}
	return b
}

// targetKey is the key of the URI that a request is for.
func (v *View) targetKey(b []byte, r *http.Request) []byte {
	u, scheme, host := r.URL, r.URL.Scheme, r.Host
	if v.rule.Target != nil {
		u = v.rule.Target(r)
		scheme, host = u.Scheme, u.Host
	}
	switch {
	case scheme != "":
	case r.TLS != nil: // the client's conn, of which a reverse proxy leaves a trace
		scheme = "https"
	default:
		scheme = "http"
	}
	if host == "" {
		host = u.Host
	}
	return appendKey(b, scheme, host, u)
}

// keyOf is the key of a URI as people write it.
func keyOf(uri string) (string, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return "", err
	}
	if u.Scheme == "" || u.Host == "" {
		return "", fmt.Errorf("purge %q: not an absolute URI", uri)
	}
	return string(appendKey(nil, u.Scheme, u.Host, u)), nil
}

func withoutPort(scheme, host string) string {
	if strings.EqualFold(scheme, "https") {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

func appendLower(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// appendEscaped appends s with its percent escapes in one form: none of what
// is unreserved (RFC 3986, 2.3), upper case in the others.
func appendEscaped(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' || i+2 >= len(s) {
			b = append(b, s[i])
			continue
		}
		hi, lo := hex(s[i+1]), hex(s[i+2])
		if hi < 0 || lo < 0 {
			b = append(b, '%')
			continue
		}
		if c := byte(hi<<4 | lo); unreserved(c) {
			b = append(b, c)
		} else {
			const digits = "0123456789ABCDEF"
			b = append(b, '%', digits[hi], digits[lo])
		}
		i += 2
	}
	return b
}

func hex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func unreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// relatedKeys are the keys of the URIs in Location and Content-Location that
// have the target's origin: what an unsafe request may have changed besides
// (RFC 9111, 4.4). Others are not invalidated, so that nobody can have a
// stranger's pages thrown away.
func relatedKeys(target string, h http.Header) (keys []string) {
	base, err := url.Parse(target)
	if err != nil {
		return nil
	}
	origin := originOf(base)
	for _, name := range []string{"Location", "Content-Location"} {
		for _, ref := range h[name] {
			u, err := base.Parse(ref)
			if err == nil && u.Opaque == "" && originOf(u) == origin {
				keys = append(keys, string(appendKey(nil, u.Scheme, u.Host, u)))
			}
		}
	}
	return keys
}

func originOf(u *url.URL) string {
	return strings.ToLower(u.Scheme + "://" + withoutPort(u.Scheme, u.Host))
}
