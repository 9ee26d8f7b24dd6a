package upstream

import (
	"math/bits"
	"sync"
)

// MaxUpstreams is how many upstreams one pool can hold.
const MaxUpstreams = 1024

// members is a set of upstreams of one pool, by index, and where a walk over it
// stands. A pool of up to 64 needs one word, in registers; the words of a larger
// one are elsewhere, so that choosing needs no memory either way. A walk is
//
//	for l := m; !l.empty(); l = l.next() { l.first() }
//
// and leaves m as it was.
type members struct {
	word uint64 // what is left of the word at `at`, never 0 before the end
	at   int    // of the word; 0 in a small pool
	rest *words // all words of a larger pool; nil in a small one
}

type words [MaxUpstreams / 64]uint64

// newMembers is the empty set for a pool of n.
func newMembers(n int) members {
	if n <= 64 {
		return members{}
	}
	return members{rest: new(words)}
}

func (m members) empty() bool { return m.word == 0 }

// first is the lowest index of a set that is not empty.
func (m members) first() int { return m.at<<6 | bits.TrailingZeros64(m.word) }

// next is the walk one member further.
func (m members) next() members {
	m.word &= m.word - 1
	if m.word == 0 && m.rest != nil {
		return m.from(m.at + 1)
	}
	return m
}

// from is a walk over a larger set, from the word at.
func (m members) from(at int) members {
	for ; at < len(m.rest); at++ {
		if m.rest[at] != 0 {
			m.word, m.at = m.rest[at], at
			return m
		}
	}
	m.word = 0
	return m
}

// onward is a walk at the next word, for two loops in one another, which are
// quicker where there are many:
//
//	for m := usable; !m.empty(); m = m.onward() {
//		for ; m.word != 0; m.word &= m.word - 1 { m.first() }
//	}
func (m members) onward() members {
	if m.rest == nil {
		m.word = 0
		return m
	}
	return m.from(m.at + 1)
}

// has says whether i is in a set that nobody walks.
func (m members) has(i int) bool {
	if m.rest == nil {
		return m.word>>uint(i)&1 != 0
	}
	return m.rest[i>>6]>>uint(i&63)&1 != 0
}

// count is how many there are.
func (m members) count() int {
	if m.rest == nil {
		return bits.OnesCount64(m.word)
	}
	n := 0
	for _, w := range m.rest {
		n += bits.OnesCount64(w)
	}
	return n
}

// nth is the n-th member, from 0.
func (m members) nth(n int) int {
	for m.rest != nil {
		c := bits.OnesCount64(m.word)
		if n < c {
			break
		}
		n -= c
		m = m.from(m.at + 1)
	}
	for ; n > 0; n-- {
		m.word &= m.word - 1
	}
	return m.first()
}

// with is m and i. Like all that follow, it changes the words of a larger set:
// they belong to whoever borrowed them.
func (m members) with(i int) members {
	if m.rest == nil {
		m.word |= 1 << uint(i)
		return m
	}
	m.rest[i>>6] |= 1 << uint(i&63)
	return m.from(0)
}

// only is i alone.
func (m members) only(i int) members {
	if m.rest == nil {
		m.word = 1 << uint(i)
		return m
	}
	*m.rest = words{}
	return m.with(i)
}

// within is what m has in common with o.
func (m members) within(o members) members {
	if m.rest == nil {
		m.word &= o.word
		return m
	}
	for i := range m.rest {
		m.rest[i] &= o.rest[i]
	}
	return m.from(0)
}

// meets says whether m has anything in common with o.
func (m members) meets(o members) bool {
	if m.rest == nil {
		return m.word&o.word != 0
	}
	for i, w := range m.rest {
		if w&o.rest[i] != 0 {
			return true
		}
	}
	return false
}

// among leaves those whose bits are set; there are none for upstreams after the
// first 64.
func (m members) among(set uint64) members {
	if m.rest == nil {
		m.word &= set
		return m
	}
	first := m.rest[0] & set
	*m.rest = words{first}
	return m.from(0)
}

// avoiding leaves those whose Bit is not set, or all if that is none.
func (m members) avoiding(set uint64) members {
	if m.rest == nil {
		if kept := m.word &^ set; kept != 0 {
			m.word = kept
		}
		return m
	}
	var kept uint64
	for _, w := range m.rest {
		kept |= w &^ set
	}
	if kept == 0 {
		return m
	}
	for i := range m.rest {
		m.rest[i] &^= set
	}
	return m.from(0)
}

// those leaves the ones that keep says of, each asked once.
func (m members) those(keep func(i int) bool) members {
	kept := m
	if m.rest == nil {
		for l := m; !l.empty(); l = l.next() {
			if !keep(l.first()) {
				kept.word &^= l.word & -l.word
			}
		}
		return kept
	}
	for l := m; !l.empty(); l = l.next() {
		if !keep(l.first()) {
			m.rest[l.at] &^= l.word & -l.word
		}
	}
	return m.from(0)
}

// thoseOrAll leaves the ones that keep says of, or all if that is none. One may
// be asked twice.
func (m members) thoseOrAll(keep func(i int) bool) members {
	for l := m; !l.empty(); l = l.next() {
		if keep(l.first()) {
			return m.those(keep)
		}
	}
	return m
}

var borrowed = sync.Pool{New: func() any { return new(words) }}

// borrow is a copy of a larger set to be changed, until giveBack.
func (m members) borrow() members {
	c := borrowed.Get().(*words)
	*c = *m.rest
	m.rest = c
	return m
}

func (m members) giveBack() { borrowed.Put(m.rest) }
