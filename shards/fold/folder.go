package fold

import (
	"encoding/binary"
	"math"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/shards/merge"
)

// Folder takes in the shards' rows. Not safe for concurrent use.
type Folder struct {
	spec  *Spec
	by    []merge.Comparator // of each column
	order []merge.Key        // of each item of Order
	at    map[string]int     // groups by their keys
	cells []cell             // of all groups, one for each column
	key   []byte             // of the row at hand
	won   []bool             // columns whose value the row at hand has replaced
	size  int64
	room  []byte // where small values are copied to

	values [][]byte // of all groups, one for each output, once Finish has run
	rows   []int    // groups in the order of the answer
	row    [][]byte
	text   []byte
}

// cell is what a group has of one column.
type cell struct {
	set   bool // there was a value
	n     int64
	value []byte
	total *total
}

// perCell and perGroup are about what a group takes beside its values, in
// bytes, with what Finish needs.
const (
	perCell  = 56
	perValue = 24
	perGroup = 80
)

// New returns a Folder without rows.
func New(spec *Spec) *Folder {
	f := &Folder{spec: spec, at: map[string]int{}, won: make([]bool, len(spec.Columns)), row: make([][]byte, len(spec.Outputs)-spec.Hidden)}
	for _, c := range spec.Columns {
		f.by = append(f.by, order(c.Type))
	}
	for _, s := range spec.Order {
		f.order = append(f.order, merge.Key{By: order(spec.Outputs[s.Output].Type), Desc: s.Desc, NullsFirst: s.NullsFirst})
	}
	if !spec.grouped() {
		f.open()
	}
	return f
}

func (s *Spec) grouped() bool {
	for _, c := range s.Columns {
		if c.Op == Key {
			return true
		}
	}
	return false
}

// Size is about how many bytes the groups take.
func (f *Folder) Size() int64 { return f.size }

// Add takes in a row: a value for each column, nil for NULL. It keeps none of
// them. An error is for the client.
func (f *Folder) Add(row [][]byte) error {
	if len(row) != len(f.spec.Columns) {
		return pgerror.Newf(pgerror.ProtocolViolation, "a row of a shard has %d columns, not %d", len(row), len(f.spec.Columns))
	}
	for i := range row {
		if f.spec.Columns[i].Op != Twin && row[i] != nil && !f.by[i].Valid(row[i]) {
			return pgerror.Newf(pgerror.ProtocolViolation, "malformed value in column %d of a shard's row", i+1)
		}
	}
	group := f.group(row)
	for i := range row {
		if err := f.take(i, &group[i], group, row); err != nil {
			return err
		}
	}
	return nil
}

// group finds the row's group, or opens one.
func (f *Folder) group(row [][]byte) []cell {
	f.key = f.key[:0]
	for i := range row {
		switch {
		case f.spec.Columns[i].Op != Key:
		case row[i] == nil:
			f.key = binary.BigEndian.AppendUint32(f.key, math.MaxUint32)
		default:
			f.key = binary.BigEndian.AppendUint32(f.key, uint32(len(row[i]))) //nolint:gosec // of a message
			f.key = append(f.key, row[i]...)
		}
	}
	n := 0
	if len(f.key) > 0 {
		var known bool
		if n, known = f.at[string(f.key)]; !known {
			n = f.open()
			f.at[string(f.key)] = n
			f.size += int64(len(f.key))
		}
	}
	return f.cells[n*len(f.spec.Columns):][:len(f.spec.Columns)]
}

// open makes a group, and returns its number.
func (f *Folder) open() int {
	width := len(f.spec.Columns)
	n := len(f.cells) / width
	f.size += perGroup + int64(width)*perCell + int64(len(f.spec.Outputs))*perValue
	for range width {
		f.cells = append(f.cells, cell{})
	}
	return n
}

// take puts the row's value of column i into its cell.
func (f *Folder) take(i int, c *cell, group []cell, row [][]byte) error {
	v, spec := row[i], f.spec.Columns[i]
	f.won[i] = false
	if spec.Op == Twin {
		if f.won[spec.Of] {
			f.keep(c, v)
		}
		return nil
	}
	if v == nil {
		return nil
	}
	switch spec.Op {
	case Key:
		if !c.set {
			f.win(i, c, v)
		}
	case Min:
		if !c.set || f.by[i].Compare(v, c.value) < 0 {
			f.win(i, c, v)
		}
	case Max:
		if !c.set || f.by[i].Compare(v, c.value) > 0 {
			f.win(i, c, v)
		}
	case And:
		if !c.set || v[0] == 0 {
			f.win(i, c, v)
		}
	case Or:
		if !c.set || v[0] != 0 {
			f.win(i, c, v)
		}
	case Count, Sum:
		return f.sum(spec.Type, c, v)
	}
	return nil
}

func (f *Folder) sum(oid uint32, c *cell, v []byte) error {
	c.set = true
	if oid == oidNumeric {
		if c.total == nil {
			c.total = new(total)
			f.size += perCell
		}
		f.size += int64(c.total.add(v))
		return nil
	}
	n := integer(v)
	sum := c.n + n
	if (sum > c.n) != (n > 0) && n != 0 {
		return pgerror.New(numericValueOutOfRange, "bigint out of range")
	}
	c.n = sum
	return nil
}

// win makes v the value of column i, and so of its twins.
func (f *Folder) win(i int, c *cell, v []byte) {
	f.won[i] = true
	f.keep(c, v)
}

// keep copies v into the cell, over what was there if it has room.
func (f *Folder) keep(c *cell, v []byte) {
	c.set = v != nil
	switch {
	case v == nil:
		c.value = nil
	case c.value != nil && len(v) <= cap(c.value):
		c.value = append(c.value[:0], v...)
	default:
		c.value = f.copied(v)
	}
}

const roomSize = 8 << 10

// copied is a copy of v, which small values share their memory for.
func (f *Folder) copied(v []byte) []byte {
	f.size += int64(len(v))
	if len(v) == 0 || len(v) > roomSize/8 {
		return append(make([]byte, 0, len(v)), v...)
	}
	if cap(f.room)-len(f.room) < len(v) {
		f.room = make([]byte, 0, roomSize)
	}
	start := len(f.room)
	f.room = append(f.room, v...)
	return f.room[start:len(f.room):len(f.room)]
}
