package fold

import (
	"cmp"
	"slices"

	"github.com/wyeproxy/wye/shards/merge"
)

// Finish computes the answer, and returns how many rows it has. After it come
// no more rows. An error is for the client.
func (f *Folder) Finish() (int, error) {
	groups := len(f.cells) / len(f.spec.Columns)
	f.values = make([][]byte, 0, groups*len(f.spec.Outputs))
	f.rows = make([]int, 0, groups)
	for g := range groups {
		cells := f.cells[g*len(f.spec.Columns):][:len(f.spec.Columns)]
		for i := range f.spec.Outputs {
			v, err := f.value(&f.spec.Outputs[i], cells)
			if err != nil {
				return 0, err
			}
			f.values = append(f.values, v)
		}
		if f.meets(g) {
			f.rows = append(f.rows, g)
		}
	}
	slices.SortFunc(f.rows, f.compare)
	return len(f.rows), nil
}

// value computes an output of a group, in binary.
func (f *Folder) value(o *Output, cells []cell) ([]byte, error) {
	c := &cells[o.Column]
	v := c.value
	switch op := f.spec.Columns[o.Column].Op; {
	case op == Count && o.Counts < 0:
		return f.integer(o.Type, c.n), nil
	case !c.set && o.Otherwise:
		return f.integer(o.Type, o.Instead), nil
	case !c.set:
		return nil, nil
	case op != Sum:
		return v, nil
	case o.Counts < 0 && c.total == nil:
		return f.integer(o.Type, c.n), nil
	}
	n, err := c.number()
	if err == nil && o.Counts >= 0 {
		n, err = n.dividedBy(max(cells[o.Counts].n, 1))
	}
	if err != nil {
		return nil, err
	}
	return f.copied(n.binary()), nil
}

// number is a cell's sum. Several outputs may ask for it.
func (c *cell) number() (number, error) {
	var t total
	if c.total == nil {
		t.addInt(c.n)
	} else {
		t = *c.total
		t.digits = slices.Clone(t.digits)
	}
	return t.number()
}

func (f *Folder) integer(oid uint32, n int64) []byte {
	return f.copied(appendInteger(nil, oid, n))
}

// meets reports whether group g has all that Having asks.
func (f *Folder) meets(g int) bool {
	for _, h := range f.spec.Having {
		o := &f.spec.Outputs[h.Output]
		v := f.valuesOf(g)[h.Output]
		if v == nil || !h.Is.holds(f.compareNumber(o.Type, v, h.Than)) {
			return false
		}
	}
	return true
}

// compareNumber compares a value of an integer type or numeric with n.
func (f *Folder) compareNumber(oid uint32, v []byte, n int64) int {
	if oid == oidNumeric {
		return order(oid).Compare(v, appendInteger(nil, oid, n))
	}
	return cmp.Compare(integer(v), n)
}

func (c Compare) holds(order int) bool {
	switch c {
	case Equal:
		return order == 0
	case NotEqual:
		return order != 0
	case Less:
		return order < 0
	case LessOrEqual:
		return order <= 0
	case Greater:
		return order > 0
	}
	return order >= 0
}

func (f *Folder) valuesOf(g int) [][]byte {
	return f.values[g*len(f.spec.Outputs):][:len(f.spec.Outputs)]
}

// compare orders two groups: by Order, then by their keys, NULL last.
func (f *Folder) compare(g, h int) int {
	x, y := f.valuesOf(g), f.valuesOf(h)
	for i, s := range f.spec.Order {
		if c := f.order[i].Compare(x[s.Output], y[s.Output]); c != 0 {
			return c
		}
	}
	for i, c := range f.spec.Columns {
		if c.Op != Key {
			continue
		}
		k := merge.Key{By: f.by[i]}
		if c := k.Compare(f.cell(g, i), f.cell(h, i)); c != 0 {
			return c
		}
	}
	return 0
}

// cell is what group g has of column i, nil for NULL.
func (f *Folder) cell(g, i int) []byte {
	if c := &f.cells[g*len(f.spec.Columns)+i]; c.set {
		return c.value
	}
	return nil
}

// Row is the i-th row of the answer, from 0, without the hidden outputs, nil
// for NULL: where text is true as text, else in binary; but the bytes of a
// twin as they came. It is valid until the next call.
func (f *Folder) Row(i int, text func(output int) bool) [][]byte {
	g := f.rows[i]
	f.text = f.text[:0]
	for n := range f.row {
		o := &f.spec.Outputs[n]
		v := f.valuesOf(g)[n]
		switch {
		case v == nil:
		case o.Twin >= 0:
			v = f.cell(g, o.Twin)
		case text(n) && !isText(o.Type):
			start := len(f.text)
			f.text = appendText(f.text, o.Type, v)
			v = f.text[start:]
		}
		f.row[n] = v
	}
	return f.row
}
