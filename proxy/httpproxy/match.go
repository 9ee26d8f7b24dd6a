package httpproxy

import (
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// rule is a Match made ready.
type rule struct {
	Match
	exact []string // hosts in full
	tails []string // ".example" of "*.example"
	like  *regexp.Regexp
}

// hostOf is the name that a Host field or authority is about: lower case, no
// port, no dot at its end.
func hostOf(authority string) string {
	if i := strings.LastIndexByte(authority, ':'); i >= 0 {
		if h, _, err := net.SplitHostPort(authority); err == nil {
			authority = h
		}
	}
	return strings.ToLower(strings.TrimSuffix(authority, "."))
}

// hostRank is how closely the rule names the host: -1 not at all, 0 as any,
// or more the longer the part that it names.
func (m *rule) hostRank(host string) int {
	if len(m.Hosts) == 0 {
		return 0
	}
	if slices.Contains(m.exact, host) {
		return 1 << 16 // above any wildcard: names have at most 255 bytes
	}
	rank := -1
	for _, tail := range m.tails {
		if len(host) > len(tail) && strings.HasSuffix(host, tail) {
			rank = max(rank, len(tail))
		}
	}
	return rank
}

// takes says whether the request is one of the rule's, its host aside.
func (m *rule) takes(r *http.Request, query *queries) bool {
	return m.takesPath(r.URL.Path) &&
		(len(m.Methods) == 0 || slices.Contains(m.Methods, r.Method)) &&
		holdAll(m.Headers, func(c *Condition) []string { return r.Header.Values(c.Name) }) &&
		holdAll(m.Queries, func(c *Condition) []string { return query.of(r)[c.Name] }) &&
		holdAll(m.Cookies, func(c *Condition) []string { return cookies(r, c.Name) })
}

func (m *rule) takesPath(path string) bool {
	switch {
	case m.Path == "":
		return true
	case m.Kind == Exact:
		return path == m.Path
	case m.Kind == Regexp:
		return m.like.MatchString(path)
	}
	return underPrefix(path, m.Path)
}

// underPrefix compares whole segments.
func underPrefix(path, prefix string) bool {
	if !strings.HasPrefix(path, prefix) {
		return false
	}
	return len(path) == len(prefix) || strings.HasSuffix(prefix, "/") || path[len(prefix)] == '/'
}

func holdAll(cs []Condition, values func(*Condition) []string) bool {
	for i := range cs {
		if !slices.ContainsFunc(values(&cs[i]), cs[i].holds) {
			return false
		}
	}
	return true
}

func (c *Condition) holds(v string) bool {
	switch {
	case c.Like != nil:
		return c.Like.MatchString(v)
	case c.Value == "":
		return true
	}
	return v == c.Value
}

func cookies(r *http.Request, name string) []string {
	var vs []string
	for _, c := range r.CookiesNamed(name) {
		vs = append(vs, c.Value)
	}
	return vs
}

// queries parses a request's query once, and only if a rule asks.
type queries struct{ parsed url.Values }

func (q *queries) of(r *http.Request) url.Values {
	if q.parsed == nil {
		q.parsed = r.URL.Query()
	}
	return q.parsed
}
