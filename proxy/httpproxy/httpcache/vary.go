package httpcache

import (
	"net/http"
	"slices"
	"strings"
)

// selecting is a request field that a response was chosen by, and its value in
// the request that it answered (RFC 9111, 4.1).
type selecting struct{ name, value string }

// varyAny: Vary has a "*", so that no other request ever matches.
func varyAny(lines []string) (star bool) {
	eachMember(lines, func(m string) { star = star || m == "*" })
	return star
}

// varyNames are the canonical names in Vary, sorted, each once.
func varyNames(lines []string) (names []string) {
	eachMember(lines, func(m string) { names = append(names, http.CanonicalHeaderKey(m)) })
	slices.Sort(names)
	return slices.Compact(names)
}

// selectors are the values of the named fields in a request.
func selectors(names []string, request http.Header) []selecting {
	var list []selecting
	for _, name := range names {
		list = append(list, selecting{name, strings.Clone(normalised(name, request[name]))})
	}
	return list
}

// matches reports whether a request would have been given the same response.
func matches(list []selecting, request http.Header) bool {
	for _, s := range list {
		if lines := request[s.name]; len(lines) == 1 && lines[0] == s.value {
			continue
		} else if normalised(s.name, lines) != s.value {
			return false
		}
	}
	return true
}

// lists are fields of which we know that they are lists, and whether their
// members are compared without case: only there do blanks around commas, and
// cases, have no meaning.
var lists = map[string]struct{ caseless bool }{
	"Accept":            {false},
	"Accept-Charset":    {true},
	"Accept-Encoding":   {true},
	"Accept-Language":   {true},
	"X-Forwarded-For":   {true},
	"X-Forwarded-Proto": {true},
}

// normalised is the value that stands for the field lines. A field that is not
// there is different from one that is empty.
func normalised(name string, lines []string) string {
	if len(lines) == 0 {
		return "\x00"
	}
	list, known := lists[name]
	if !known {
		return strings.Join(lines, ", ") // RFC 9110, 5.3
	}
	var b strings.Builder
	eachMember(lines, func(m string) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(m)
	})
	if list.caseless {
		return strings.ToLower(b.String())
	}
	return b.String()
}
