package shards

import (
	"cmp"
	"errors"
	"io"
	"slices"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Map is a checked shard map. It never changes; any goroutine may read it.
type Map struct {
	names   []string
	tables  map[tableName]*Table
	sorted  []*Table
	groups  []*group
	version string
}

type tableName struct{ schema, name string }

// Holding is how a table's rows are spread.
type Holding uint8

// Each row is on the shard of its key; every shard has all rows; all rows are
// on one shard.
const (
	Sharded Holding = iota
	Reference
	Single
)

// String is the word for it.
func (h Holding) String() string { return [...]string{"sharded", "reference", "single"}[h] }

// Table is a table that the map declares.
type Table struct {
	Schema, Name string
	Kind         Holding
	Keys         []string         // columns, of a sharded table
	Types        []shardfunc.Type // of the keys, as the map says; see shardfunc.Type.Family
	Group        string           // of a sharded table: tables of one group are co-located
	Home         int              // shard of a single table

	group *group
}

// String is the table's name with its schema, not quoted.
func (t *Table) String() string { return t.Schema + "." + t.Name }

// group is one map of keys, ready for use.
type group struct {
	name   string
	kind   Kind
	types  []shardfunc.Type
	spread spread
}

// spread is how a kind of map finds shards.
type spread interface {
	// locate returns the shard of a key, which has the right types and no NULL,
	// or -1.
	locate(key []shardfunc.Value) int
	// between returns where keys from lo to hi may be. Some key may be.
	between(lo, hi Bound) Set
	// digest writes all that the spread says.
	digest(w io.Writer)
	// all is every shard that may hold a key.
	all() Set
}

// What Locate finds wrong.
var (
	ErrNull     = errors.New("a sharding key cannot be NULL")
	ErrUnmapped = errors.New("no shard is mapped for this key")
	ErrKey      = errors.New("the values do not fit the table's sharding key")
)

// Shards are the names of the shards, by index. The caller must not change it.
func (m *Map) Shards() []string { return m.names }

// All is the set of all shards.
func (m *Map) All() Set { return All(len(m.names)) }

// Index is the shard of that name, -1 if there is none.
func (m *Map) Index(name string) int { return slices.Index(m.names, name) }

// Table is the table of that name; nil is a table that is not declared. An empty
// schema is public.
func (m *Map) Table(schema, name string) *Table {
	return m.tables[tableName{cmp.Or(schema, DefaultSchema), name}]
}

// Tables are all tables, by schema and name. The caller must not change it.
func (m *Map) Tables() []*Table { return m.sorted }

// Version is the same for two maps exactly if they place all rows of all tables
// alike, on shards of the same names in the same order.
func (m *Map) Version() string { return m.version }

// Locate returns the shard of a row of t whose sharding key has these values, in
// the order of t.Keys. The shard of a single table is its home; a reference
// table has no key, and gives ErrKey. Values of the wrong number or family are
// ErrKey too; a NULL is ErrNull; a key that no range or list has is
// ErrUnmapped.
func (m *Map) Locate(t *Table, values []shardfunc.Value) (shard int, err error) {
	switch {
	case t.Kind == Single:
		return t.Home, nil
	case t.Kind != Sharded || len(values) != len(t.Types):
		return 0, ErrKey
	}
	for i := range values {
		switch {
		case values[i].IsNull():
			return 0, ErrNull
		case values[i].Type().Family() != t.Types[i].Family():
			return 0, ErrKey
		}
	}
	if shard = t.group.spread.locate(values); shard < 0 {
		return 0, ErrUnmapped
	}
	return shard, nil
}

// Bound is one end of a range of keys. A NULL value, as in the zero Bound, is
// no bound.
type Bound struct {
	Value     shardfunc.Value
	Inclusive bool
}

// LocateRange returns where rows of t may be whose key is between lo and hi: for
// a map of ranges, those of the ranges that overlap; for others, where few keys
// can be counted out, those of the keys; else all. Texts are compared as
// collation "C" does: for a column or an operator of another collation the
// caller must not ask. A reference table gives all shards.
func (m *Map) LocateRange(t *Table, lo, hi Bound) Set {
	switch {
	case t.Kind == Single:
		return One(t.Home)
	case t.Kind == Reference:
		return m.All()
	case len(t.Types) != 1 || !fitsFamily(lo, t.Types[0]) || !fitsFamily(hi, t.Types[0]):
		return t.group.spread.all()
	}
	if lo, hi = closed(lo, 1), closed(hi, -1); empty(lo, hi) {
		return 0
	}
	return t.group.spread.between(lo, hi)
}

// Holders are the shards that may have rows of t.
func (m *Map) Holders(t *Table) Set {
	switch t.Kind {
	case Single:
		return One(t.Home)
	case Reference:
		return m.All()
	}
	return t.group.spread.all()
}

func fitsFamily(b Bound, t shardfunc.Type) bool {
	return b.Value.IsNull() || b.Value.Type().Family() == t.Family()
}

// closed makes the bound of an integer inclusive, by the next number inwards.
func closed(b Bound, step int64) Bound {
	n := b.Value.Int64()
	if b.Inclusive || b.Value.IsNull() || b.Value.Type() != shardfunc.Int8 || (step > 0) != (n < n+step) {
		return b
	}
	return Bound{shardfunc.Int(n + step), true}
}

// empty tells whether no key is between the bounds.
func empty(lo, hi Bound) bool {
	if lo.Value.IsNull() || hi.Value.IsNull() {
		return false
	}
	c := shardfunc.Compare(lo.Value, hi.Value)
	return c > 0 || c == 0 && !(lo.Inclusive && hi.Inclusive)
}
