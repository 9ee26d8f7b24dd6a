package sqlparse

import (
	"strconv"
	"sync/atomic"
)

// Statement is what one text says: one Part for each SQL statement in it. It
// is immutable, but for its memo, and shared between goroutines; nobody may
// write to its slices.
type Statement struct {
	// Parts are in the order of the text and so in that of the
	// CommandComplete messages. Past maxParts the last part stands for all
	// that follow; it is KindMulti and holds an Unknown effect.
	Parts []Part

	kind   Kind
	plain  bool
	parsed bool

	facts *Facts
	shape string
	memo  atomic.Pointer[any]
}

// Memo is what SetMemo left last, or nil.
func (s *Statement) Memo() any {
	if v := s.memo.Load(); v != nil {
		return *v
	}
	return nil
}

// SetMemo keeps v, which must never change again, for as long as the
// Statement is remembered. It is for the router alone: what it has made of
// this Statement. Of two callers at once either may win.
func (s *Statement) SetMemo(v any) { s.memo.Store(&v) }

// Part is one SQL statement of a text.
type Part struct {
	Kind Kind
	// Name is the savepoint of a SAVEPOINT, RELEASE or ROLLBACK TO, the cursor
	// of a DECLARE, FETCH, MOVE or CLOSE, the statement of a PREPARE, EXECUTE
	// or DEALLOCATE, as the server folds it; "" stands for ALL, for every other
	// kind, and where it is not known.
	Name string
	// Chain: COMMIT or ROLLBACK ... AND CHAIN, which leaves a transaction open.
	Chain   bool
	Effects []Effect
}

// maxParts and maxEffects bound what a hostile text can make us keep. A
// script for one simple query rarely has more than some hundred statements.
const (
	maxParts   = 1024
	maxEffects = 64
)

// Plain reports whether no part has any effect on the session.
func (s *Statement) Plain() bool { return s.plain }

// Kind is that of the only part, KindMulti for several, KindEmpty for none.
func (s *Statement) Kind() Kind { return s.kind }

// Parsed reports whether the grammar accepted the text. If not, kinds and
// effects come from the words in it and are guesses on the safe side.
func (s *Statement) Parsed() bool { return s.parsed }

func newStatement(parts []Part, parsed bool) *Statement {
	st := &Statement{Parts: parts, parsed: parsed, plain: true, kind: KindMulti}
	switch len(parts) {
	case 0:
		st.kind = KindEmpty
	case 1:
		st.kind = parts[0].Kind
	}
	for i := range parts {
		st.plain = st.plain && len(parts[i].Effects) == 0
	}
	return st
}

// add puts e at the end of p's effects unless the same stands there already.
func (p *Part) add(e Effect) {
	n := len(p.Effects)
	switch {
	case n >= maxEffects:
		p.Effects[n-1] = Effect{Kind: Unknown, Name: "too many effects"}
	case n == 0 || p.Effects[n-1] != e:
		p.Effects = append(p.Effects, e)
	}
}

// opaque is the answer for text that nobody read.
var opaque = newStatement([]Part{{Kind: KindUnknown, Effects: []Effect{{Kind: Unknown, Name: "unread"}}}}, false)

// Opaque is the Statement for text that may not be read, because the
// session's settings make the server split it into tokens in another way.
// It may do anything.
func Opaque() *Statement { return opaque }

// size is roughly what s keeps in memory, in bytes.
func (s *Statement) size() int {
	const memo = 512 // which comes later
	n := 96 + memo + len(s.shape) + s.facts.size()
	for i := range s.Parts {
		n += 64 + len(s.Parts[i].Name)
		for j := range s.Parts[i].Effects {
			n += 80 + len(s.Parts[i].Effects[j].Name) + len(s.Parts[i].Effects[j].Value)
		}
	}
	return n
}

// String prints the statement for people and golden tests, a line per part
// and an indented line per effect.
func (s *Statement) String() string {
	b := make([]byte, 0, 128)
	if !s.parsed {
		b = append(b, "scanned\n"...)
	}
	if len(s.Parts) == 0 {
		b = append(b, "empty\n"...)
	}
	for i := range s.Parts {
		b = s.Parts[i].append(b)
	}
	return string(b)
}

func (p *Part) append(b []byte) []byte {
	b = append(b, p.Kind.String()...)
	if p.Name != "" {
		b = append(append(b, ' '), p.Name...)
	}
	if p.Chain {
		b = append(b, " chain"...)
	}
	b = append(b, '\n')
	for i := range p.Effects {
		b = append(b, "  "...)
		b = append(b, p.Effects[i].String()...)
		b = append(b, '\n')
	}
	return b
}

// String prints the effect on one line, without its zero fields.
func (e Effect) String() string {
	b := []byte(e.Kind.String())
	field := func(name, text string, arg int) {
		switch {
		case arg > 0:
			b = append(b, " "+name+"=$"+strconv.Itoa(arg)...)
		case text != "" || name == "value" && e.Kind == SetParam:
			b = append(b, " "+name+"="+strconv.Quote(text)...)
		}
	}
	field("name", e.Name, e.NameArg)
	field("value", e.Value, e.ValueArg)
	field("local", "", e.LocalArg)
	if e.Local {
		b = append(b, " local"...)
	}
	if e.UntilCommit {
		b = append(b, " until-commit"...)
	}
	return string(b)
}
