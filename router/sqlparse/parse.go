package sqlparse

import (
	"bytes"
	"unicode/utf8"

	"github.com/pganalyze/pg_query_go/v5/parser"
)

// understander reads the texts of one worker, and keeps memory from one to
// the next.
type understander struct {
	limit int // of bytes to parse
	tape  tape
	names inventory
}

// verdict is what became of one text.
type verdict struct {
	st *Statement
	// literal: st depends on the values of literals, or on there being no
	// error in one: it holds for this very text only.
	literal bool
}

// understand reads sql by the grammar, or else by its words.
func (u *understander) understand(sql []byte) verdict {
	if parts, literal, ok := u.parse(sql); ok {
		for i := range parts {
			literal = literal || !parts[i].Kind.shared()
		}
		st := newStatement(parts, true)
		st.facts = (&analyst{t: u.tape, sql: sql}).facts(&u.names, parts)
		st.shape = shapeOf(sql)
		return verdict{st, literal}
	}
	var s Scanner
	s.lex(sql, true)
	st := s.finish()
	if !st.plain && !s.words.atomic {
		st = newStatement(u.refine(sql, st.Parts, s.words.bounds), false)
	}
	return verdict{st, true}
}

// parse reads sql by the grammar. literal: see analyst.
func (u *understander) parse(sql []byte) (parts []Part, literal, ok bool) {
	if len(sql) > u.limit || bytes.IndexByte(sql, 0) >= 0 || !utf8.Valid(sql) || longRun(sql) {
		return nil, false, false
	}
	js, err := parser.ParseToJSON(string(sql))
	if err != nil {
		return nil, false, false
	}
	const keep = 1 << 14 // nodes, about 700 KiB
	if cap(u.tape) > keep {
		u.tape = nil
	}
	u.tape, ok = readTape(u.tape, js)
	if !ok {
		return nil, false, false
	}
	parts, literal = analyze(u.tape, sql)
	if len(parts) > maxParts {
		parts = foldParts(parts)
	}
	return parts, literal, true
}

// longRun: PostgreSQL's scanner reads a run of operator characters again from
// each comment or sign in it, in quadratic time. No operator has 64
// characters, but a frame around a comment may.
func longRun(sql []byte) bool {
	const maxRun = 256
	run := 0
	for _, c := range sql {
		if run++; !isOperator[c] {
			run = 0
		}
		if run > maxRun {
			return true
		}
	}
	return false
}

// isOperator holds op_chars of scan.l.
var isOperator = func() (t [256]bool) {
	for _, c := range []byte("~!@#^&|`?+-*/%<>=") {
		t[c] = true
	}
	return t
}()

// foldParts lets the last part that is kept stand for all behind it.
func foldParts(parts []Part) []Part {
	last := &parts[maxParts-1]
	last.Kind = KindMulti
	last.add(Effect{Kind: Unknown, Name: "too many statements"})
	return parts[:maxParts:maxParts]
}

// refine parses by themselves those statements of a text that the scanner was
// suspicious of: most often the text is a long script, or one statement in it
// is too new for the grammar, and the SETs in it are plain to see. The number
// and size of what is parsed are bounded.
func (u *understander) refine(sql []byte, parts []Part, bounds [][2]int) []Part {
	budget, left := 64<<10, 64
	for i, b := range bounds {
		if b[1] < 0 {
			b[1] = len(sql)
		}
		size := b[1] - b[0]
		if len(parts[i].Effects) == 0 || parts[i].Kind == KindMulti || size > budget || left == 0 {
			continue
		}
		budget, left = budget-size, left-1
		if exact, _, ok := u.parse(sql[b[0]:b[1]]); ok && len(exact) == 1 {
			parts[i] = exact[0]
		}
	}
	return parts
}
