package connpool

import (
	"maps"
	"slices"
	"strings"
	"unique"
)

// Params is a set of session parameters (GUCs): name -> value as
// current_setting shows it. It is immutable, and two sets with the same
// contents are ==, so that the check of every acquire is one comparison of
// pointers. Names are lower case: PostgreSQL compares them so.
//
// The zero Params is the empty set.
type Params struct{ h unique.Handle[string] }

// NewParams returns the set of the given names and values; a later pair wins.
func NewParams(pairs ...[2]string) Params {
	m := make(map[string]string, len(pairs))
	for _, p := range pairs {
		m[lower(p[0])] = p[1]
	}
	return fromMap(m)
}

func fromMap(m map[string]string) Params {
	var b []byte
	for _, n := range slices.Sorted(maps.Keys(m)) {
		b = appendPair(b, n, m[n])
	}
	return fromText(b)
}

// fromText takes the pairs in order of name.
func fromText(b []byte) Params {
	if len(b) == 0 {
		return Params{}
	}
	return Params{unique.Make(string(b))}
}

// appendPair appends one parameter. A NUL, which PostgreSQL knows in neither
// part, would begin another one.
func appendPair(b []byte, name, value string) []byte {
	b = append(append(b, beforeNUL(name)...), 0)
	return append(append(b, beforeNUL(value)...), 0)
}

// lower folds a name as PostgreSQL compares them: ASCII letters only
// (guc_name_compare in src/backend/utils/misc/guc.c).
func lower(name string) string {
	for i := range len(name) {
		if c := name[i]; c >= 'A' && c <= 'Z' {
			b := []byte(name)
			for j := i; j < len(b); j++ {
				if b[j] >= 'A' && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return name
}

func beforeNUL(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

// text is all pairs, each part ended by a NUL.
func (p Params) text() string {
	if p.Empty() {
		return ""
	}
	return p.h.Value()
}

// size is what the set takes, in bytes.
func (p Params) size() int { return len(p.text()) }

// Empty reports whether nothing is set.
func (p Params) Empty() bool { return p == Params{} }

// All calls yield for each parameter in order of name, until it returns
// false.
func (p Params) All(yield func(name, value string) bool) {
	for rest := p.text(); rest != ""; {
		name, value, r := cutPair(rest)
		rest = r
		if !yield(name, value) {
			return
		}
	}
}

func cutPair(text string) (name, value, rest string) {
	name, rest, _ = strings.Cut(text, "\x00")
	value, rest, _ = strings.Cut(rest, "\x00")
	return name, value, rest
}

// find returns where name stands in the text, or would stand.
func (p Params) find(name string) (value string, from, to int, ok bool) {
	text := p.text()
	for rest := text; rest != ""; {
		n, v, r := cutPair(rest)
		from, to = len(text)-len(rest), len(text)-len(r)
		switch {
		case n == name:
			return v, from, to, true
		case n > name:
			return "", from, from, false
		}
		rest = r
	}
	return "", len(text), len(text), false
}

// Get returns the value of name, which must be lower case.
func (p Params) Get(name string) (value string, ok bool) {
	value, _, _, ok = p.find(name)
	return value, ok
}

// With returns p with name set to value.
func (p Params) With(name, value string) Params {
	name = lower(beforeNUL(name))
	old, from, to, ok := p.find(name)
	if ok && old == value {
		return p
	}
	text := p.text()
	b := make([]byte, 0, len(text)+len(name)+len(value)+2)
	b = append(b, text[:from]...)
	b = appendPair(b, name, value)
	return fromText(append(b, text[to:]...))
}

// Without returns p without name.
func (p Params) Without(name string) Params {
	_, from, to, ok := p.find(lower(name))
	if !ok {
		return p
	}
	text := p.text()
	return fromText(append(append(make([]byte, 0, len(text)), text[:from]...), text[to:]...))
}

// Planning returns the part of p that may change how SQL is parsed and
// planned: all but the parameters that are known to have no say in it.
// Prepared statements are shared only between equal parts.
func (p Params) Planning() Params {
	b := make([]byte, 0, p.size())
	for n, v := range p.All {
		if !noPlanning[n] && !strings.HasPrefix(n, "log_") && !strings.HasPrefix(n, "tcp_") {
			b = appendPair(b, n, v)
		}
	}
	return fromText(b)
}

var noPlanning = map[string]bool{
	"application_name":                    true,
	"client_min_messages":                 true,
	"deadlock_timeout":                    true,
	"idle_in_transaction_session_timeout": true,
	"idle_session_timeout":                true,
	"lock_timeout":                        true,
	"statement_timeout":                   true,
	"transaction_timeout":                 true,
	"synchronous_commit":                  true,
}

// Change is one difference between two sets; Value nil means reset.
type Change struct {
	Name  string
	Value *string
}

// ChangesTo lists what turns p into want, in the order in which it must be
// done. The other parameters are set with the rights of the user that logged
// in: a role is given up before them, and taken after them.
func (p Params) ChangesTo(want Params) []Change {
	var changes []Change
	role, hadRole := p.Get(roleName)
	newRole, hasRole := want.Get(roleName)
	if hadRole {
		changes = append(changes, Change{Name: roleName})
	}
	for n := range p.All {
		if _, ok := want.Get(n); !ok && n != roleName {
			changes = append(changes, Change{Name: n})
		}
	}
	for n, v := range want.All {
		if old, ok := p.Get(n); n != roleName && (!ok || old != v) {
			changes = append(changes, Change{Name: n, Value: &v})
		}
	}
	if hadRole && hasRole && role == newRole && len(changes) == 1 {
		return nil
	}
	if hasRole {
		changes = append(changes, Change{Name: roleName, Value: &newRole})
	}
	return changes
}

const roleName = "role"
