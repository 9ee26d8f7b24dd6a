package sqlparse

import "sync"

// wanted is a literal that a skeleton looks for on its way: the one with a
// number, or the one that begins somewhere.
type wanted struct {
	number, at int // -1: any
	met        int // literals so far
	from, end  int
	found      int // its number
	mark       byte
	forgotten  bool // a list or rows have been cut short: numbers are no sure thing
	all        *[]Written
}

func (w *wanted) meet(i, end int, mark byte) {
	if w.met == w.number || i == w.at {
		w.from, w.end, w.mark, w.found = i, end, mark, w.met
	}
	w.met++
	if w.all != nil {
		*w.all = append(*w.all, Written{i, end, mark})
	}
}

func (s *skeleton) forgets() {
	if s.want != nil {
		s.want.forgotten = true
	}
}

// The kinds of literals that Literal tells apart, as the lexer does.
const (
	LiteralInt    = markInt    // fits an int4
	LiteralNumber = markNumber // any other number
	LiteralString = markString // in quotes of whatever kind
)

// finders are kept for their room, which a text of the usual size fits in.
var finders = sync.Pool{New: func() any { return &finder{skeleton: skeleton{out: make([]byte, 0, 1<<10)}} }}

type finder struct {
	skeleton
	wanted wanted
}

// maxRoom bounds what a finder keeps.
const maxRoom = 1 << 16

// find runs over sql with w. false: the literals of sql are not those of all
// texts of its Statement, one for one.
func find(sql []byte, w wanted) (wanted, bool) {
	f := finders.Get().(*finder)
	f.wanted = w
	f.skeleton = skeleton{out: f.out[:0], src: sql, want: &f.wanted}
	f.run()
	w, ok := f.wanted, !f.exact
	if f.src = nil; cap(f.out) <= maxRoom {
		finders.Put(f)
	}
	return w, ok && !w.forgotten
}

// Literal is literal number i of sql, from 0, as it is written, and of which
// kind it is. It is not ok if there is none, or if the text has a list or rows
// that its Statement does not tell from a longer one's. It takes no memory for
// texts of the usual size. Texts that Read gives one Statement have literals
// of the same kinds, one for one.
func Literal(sql []byte, i int) (text []byte, kind byte, ok bool) {
	w, ok := find(sql, wanted{number: i, at: -1})
	if !ok || w.mark == 0 {
		return nil, 0, false
	}
	return sql[w.from:w.end], w.mark, true
}

// LiteralAt is the number of the literal that begins at byte at of sql.
func LiteralAt(sql []byte, at int) (i int, ok bool) {
	w, ok := find(sql, wanted{number: -1, at: at})
	return w.found, ok && w.mark != 0
}

// Written is where a literal stands in a text: from byte From on, up to To.
type Written struct {
	From, To int
	Kind     byte
}

// Literals appends all literals of sql to dst, in order. It is not ok where
// [Literal] is not.
func Literals(dst []Written, sql []byte) (_ []Written, ok bool) {
	_, ok = find(sql, wanted{number: -1, at: -1, all: &dst})
	return dst, ok
}
