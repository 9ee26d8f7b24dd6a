package httpproxy

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// table finds the route of a request. Immutable.
type table struct {
	named map[string][]*route // by a host that some rule names in full: all rules that take it, best first
	tails []tail              // the longest first
	other []*route            // rules that take any host
}

// tail is the end of hosts that some rule names by wildcard, and the rules for
// hosts of which no longer tail is known.
type tail struct {
	end   string
	rules []*route
}

// newTable orders routes by how closely they describe a request. The first
// difference decides:
//
//  1. the host: in full, then the longest wildcard, then any
//  2. the path: exact, then regular expressions, then the longest prefix, then any
//  3. more conditions (methods, headers, queries, cookies)
//  4. the place in the list
//
// A request takes the first route all of whose conditions it meets.
func newTable(rs []*route) *table {
	t := &table{named: make(map[string][]*route), other: ordered(rs, "")}
	ends := make(map[string]bool)
	for _, r := range rs {
		for _, h := range r.rule.exact {
			if t.named[h] == nil {
				t.named[h] = ordered(rs, h)
			}
		}
		for _, end := range r.rule.tails {
			if !ends[end] {
				ends[end] = true
				t.tails = append(t.tails, tail{end, ordered(rs, "x"+end)})
			}
		}
	}
	slices.SortFunc(t.tails, func(a, b tail) int { return cmp.Compare(len(b.end), len(a.end)) })
	return t
}

// ordered are the routes that take the host, best first.
func ordered(rs []*route, host string) []*route {
	var out []*route
	for _, r := range rs {
		if r.rule.hostRank(host) >= 0 {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b *route) int {
		return cmp.Or(
			-cmp.Compare(a.rule.hostRank(host), b.rule.hostRank(host)),
			-cmp.Compare(a.rule.pathRank(), b.rule.pathRank()),
			-cmp.Compare(a.rule.conditions(), b.rule.conditions()),
		)
	})
	return out
}

// find is the request's route, or nil.
func (t *table) find(r *http.Request) *route {
	var query queries
	for _, ro := range t.of(hostOf(r.Host)) {
		if ro.rule.takes(r, &query) {
			return ro
		}
	}
	return nil
}

func (t *table) of(host string) []*route {
	if rs, ok := t.named[host]; ok {
		return rs
	}
	for i := range t.tails {
		if end := t.tails[i].end; len(host) > len(end) && strings.HasSuffix(host, end) {
			return t.tails[i].rules
		}
	}
	return t.other
}

func newRule(m Match) (*rule, error) {
	ru := &rule{Match: m}
	for _, h := range m.Hosts {
		switch tail, wild := strings.CutPrefix(h, "*."); {
		case h == "" || h != strings.ToLower(h) || strings.ContainsAny(tail, "*/ "):
			return nil, fmt.Errorf("host %q: a name in lower case, or *.name", h)
		case wild:
			ru.tails = append(ru.tails, "."+tail)
		default:
			ru.exact = append(ru.exact, h)
		}
	}
	if m.Path != "" && m.Kind != Regexp && m.Path[0] != '/' {
		return nil, fmt.Errorf("path %q: begins with /", m.Path)
	}
	if m.Kind == Regexp {
		var err error
		if ru.like, err = regexp.Compile("^(?:" + m.Path + ")$"); err != nil {
			return nil, fmt.Errorf("path %q: %w", m.Path, err)
		}
	}
	return ru, nil
}

func (m *rule) conditions() int {
	n := len(m.Headers) + len(m.Queries) + len(m.Cookies)
	if len(m.Methods) > 0 {
		n++
	}
	return n
}

// pathRank orders kinds of paths, and prefixes by length.
func (m *rule) pathRank() int {
	switch {
	case m.Path == "":
		return 0
	case m.Kind == Exact:
		return 1 << 31
	case m.Kind == Regexp:
		return 1 << 30
	}
	return len(m.Path)
}
