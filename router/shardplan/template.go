package shardplan

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// Template is what the analyses of all texts of one shape have in common,
// where that is all but some literals in the legs: those that WHERE compares
// with columns and that choose no shard. So the next such text needs neither a
// parse nor a leg printed anew. It is immutable.
type Template struct {
	of       *Analysis
	literals []literalPlace // those of a text of the shape, in order
	legs     [][]piece      // the SQL of each leg of of
	alike    bool
}

// literalPlace is one literal: of which class it is, or what it must be.
type literalPlace struct {
	class literalClass
	text  string // of classFixed
}

// piece is a part of a leg's SQL: text, or a literal by its number.
type piece struct {
	text    string
	literal int // -1: it is text
}

// maxTemplate is the longest text, in bytes, that may have a Template or be
// answered by one: what is longer is not sent often.
const maxTemplate = 4 << 10

// MayRepeat reports whether texts that differ from the one that was analyzed
// in their literals may have a Template. It is quick, and may be wrong: what
// is certain costs an analysis ([Planner.Template]).
func (a *Analysis) MayRepeat() bool {
	return a.multi != nil && a.multi.refused == nil && a.reject == nil && a.alone == nil && a.flat && len(a.multi.parts) == 0
}

// Template is that of sql, whose analysis a is, if it has one. It is proved
// twice: by where the literals stand ([lifter]), and by a second analysis of
// the text with other literals, which has to be a but for these.
func (p *Planner) Template(a *Analysis, sql string, searchPath []string) (*Template, bool) {
	if !a.MayRepeat() || len(sql) > maxTemplate || strings.Contains(sql, standInDigits) {
		return nil, false
	}
	l := p.lift(sql, searchPath)
	if l == nil {
		return nil, false
	}
	t := &Template{of: p.Analyze(l.marked(), searchPath), literals: l.places, alike: l.alike}
	if !t.of.MayRepeat() {
		return nil, false
	}
	for _, leg := range t.of.multi.scatter.Legs {
		t.legs = append(t.legs, l.cut(leg.SQL))
	}
	again, ok := t.Analysis([]byte(sql))
	return t, ok && reflect.DeepEqual(again, a)
}

// Analysis is that of a text of the shape: one for which
// [sqlparse.Reader.Read] gives the same Statement. false: it must be analyzed
// itself.
func (t *Template) Analysis(sql []byte) (*Analysis, bool) {
	if len(sql) > maxTemplate {
		return nil, false
	}
	var room [16]sqlparse.Written
	literals, ok := sqlparse.Literals(room[:0], sql)
	if !ok || len(literals) != len(t.literals) {
		return nil, false
	}
	for i, l := range literals {
		if !t.literals[i].takes(sql[l.From:l.To]) {
			return nil, false
		}
	}
	a, m, s := *t.of, *t.of.multi, *t.of.multi.scatter
	s.Legs = slices.Clone(s.Legs)
	for i := range s.Legs {
		s.Legs[i].SQL = fill(t.legs[i], sql, literals)
	}
	a.multi, m.scatter = &m, &s
	return &a, true
}

// Alike reports whether the server says the same of all texts of the shape:
// that none is wrong because of a literal, which it says when it reads the
// text.
func (t *Template) Alike() bool { return t.alike }

func (p *literalPlace) takes(text []byte) bool {
	if p.class == classFixed {
		return string(text) == p.text
	}
	return classOf(text) == p.class
}

// fill is a leg with the literals of sql.
func fill(pieces []piece, sql []byte, literals []sqlparse.Written) string {
	var b strings.Builder
	b.Grow(maxLeg(pieces, literals))
	for _, p := range pieces {
		if p.literal < 0 {
			b.WriteString(p.text)
			continue
		}
		b.Write(sql[literals[p.literal].From:literals[p.literal].To])
	}
	return b.String()
}

func maxLeg(pieces []piece, literals []sqlparse.Written) (n int) {
	for _, p := range pieces {
		n += len(p.text)
		if p.literal >= 0 {
			n += literals[p.literal].To - literals[p.literal].From
		}
	}
	return n
}

// standInDigits begin what stands in for a literal in the second analysis. No
// text that has them gets a Template.
const standInDigits = "9876543"

// maxLifted bounds the literals that are lifted: two digits tell them apart.
const maxLifted = 89

// standIn is the stand-in for literal i, which is of class c.
func standIn(c literalClass, i int) string {
	n := standInDigits + strconv.Itoa(10+i)
	switch c {
	case classDecimal:
		return n + ".5"
	case classText:
		return "'wye " + n + "'"
	}
	return n
}

// cut takes a leg apart where stand-ins are.
func (l *lifter) cut(sql string) (out []piece) {
	for sql != "" {
		first, which, size := len(sql), -1, 0
		for i, p := range l.places {
			if p.class == classFixed {
				continue
			}
			mark := standIn(p.class, i)
			if at := strings.Index(sql, mark); at >= 0 && at < first {
				first, which, size = at, i, len(mark)
			}
		}
		out = append(out, piece{text: sql[:first], literal: -1})
		if which >= 0 {
			out = append(out, piece{literal: which})
		}
		sql = sql[first+size:]
	}
	return out
}
