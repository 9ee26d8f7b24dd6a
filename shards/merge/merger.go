package merge

import "github.com/wyeproxy/wye/protocol/pgerror"

// Key is one column of the sort order.
type Key struct {
	By         Comparator
	Desc       bool
	NullsFirst bool // whatever Desc is
}

// Compare orders two values of the key's column, which must be Valid; nil is
// NULL.
func (k *Key) Compare(a, b []byte) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return k.null()
	case b == nil:
		return -k.null()
	case k.Desc:
		return k.By.compare(b, a)
	}
	return k.By.compare(a, b)
}

// null is how NULL compares with anything else.
func (k *Key) null() int {
	if k.NullsFirst {
		return -1
	}
	return 1
}

// Merger merges the rows of several legs, each in order, into one order. It
// holds one row per leg and asks for the next only when it must have it, so
// a leg that is ahead waits:
//
//	for {
//		for leg, ok := m.Need(); ok; leg, ok = m.Need() {
//			... m.Push(leg, row) or m.End(leg)
//		}
//		leg, row, ok := m.Pop()
//		...
//	}
//
// Rows that are peers come in the order of their legs. Not safe for
// concurrent use.
type Merger struct {
	keys   []Key
	legs   []leg
	values [][]byte // len(keys) for each leg, aliasing its row; nil for NULL

	// tree is a tournament of the legs (Knuth, TAOCP 5.4.1): leaf i would be
	// at len(legs)+i, the parent of n is n/2, and each inner node holds the
	// leg that lost there. The winner of all is in tree[0].
	tree    []int
	missing int // legs that are empty
	hint    int // no leg before it is empty
}

type leg struct {
	state state
	row   []byte
}

type state uint8

const (
	empty state = iota // its next row must come before anything is popped
	full
	ended
)

// vacant marks a node of the tree where nobody has played yet.
const vacant = -1

// New returns a merger of so many legs. The values of keys are the last
// columns of each row, in binary.
func New(keys []Key, legs int) *Merger {
	m := &Merger{
		keys: keys, legs: make([]leg, legs), values: make([][]byte, legs*len(keys)),
		tree: make([]int, max(legs, 1)), missing: legs,
	}
	for i := range m.tree {
		m.tree[i] = vacant
	}
	return m
}

// Need names a leg whose next row, or end, must be told before Pop can go on;
// false if there is none. Other legs that are empty may be told first.
func (m *Merger) Need() (leg int, ok bool) {
	if m.missing == 0 {
		return 0, false
	}
	for m.legs[m.hint].state != empty {
		m.hint++
	}
	return m.hint, true
}

// Push gives a leg's next row, a whole DataRow frame, which must stay as it
// is until it is popped. A malformed row is an error, and the merge is over.
func (m *Merger) Push(leg int, row []byte) error {
	if m.legs[leg].state != empty {
		return pgerror.Newf(pgerror.InternalError, "leg %d of a merge was not asked for a row", leg)
	}
	values := m.valuesOf(leg)
	if err := lastColumns(values, row); err != nil {
		return err
	}
	for i, v := range values {
		if v != nil && !m.keys[i].By.valid(v) {
			return pgerror.Newf(pgerror.ProtocolViolation, "malformed sort key %d from a shard", i+1)
		}
	}
	m.legs[leg].row = row
	m.play(leg, full)
	return nil
}

// End says that a leg has no more rows. To say it twice changes nothing.
func (m *Merger) End(leg int) {
	if m.legs[leg].state == empty {
		m.play(leg, ended)
	}
}

// Pop returns the next row and its leg. It is false when all legs have ended;
// and while one is empty, so Need comes first.
func (m *Merger) Pop() (leg int, row []byte, ok bool) {
	if m.missing > 0 || len(m.legs) == 0 {
		return 0, nil, false
	}
	leg = m.tree[0]
	l := &m.legs[leg]
	if l.state == ended {
		return 0, nil, false
	}
	row = l.row
	l.state, l.row = empty, nil
	m.missing, m.hint = 1, leg
	return leg, row, true
}

// play takes an empty leg up the tree, until it meets a node where its
// opponent has yet to come, or has won.
func (m *Merger) play(leg int, s state) {
	m.legs[leg].state = s
	m.missing--
	for node := (len(m.legs) + leg) / 2; node > 0; node /= 2 {
		other := m.tree[node]
		if other == vacant {
			m.tree[node] = leg
			return
		}
		if m.before(other, leg) {
			m.tree[node], leg = leg, other
		}
	}
	m.tree[0] = leg
}

// before orders two legs by their rows; those that have ended are last.
func (m *Merger) before(a, b int) bool {
	if m.legs[a].state == ended || m.legs[b].state == ended {
		return m.legs[a].state != ended
	}
	x, y := m.valuesOf(a), m.valuesOf(b)
	for i := range m.keys {
		if c := m.keys[i].Compare(x[i], y[i]); c != 0 {
			return c < 0
		}
	}
	return a < b
}

func (m *Merger) valuesOf(leg int) [][]byte {
	n := len(m.keys)
	return m.values[leg*n : leg*n+n]
}
