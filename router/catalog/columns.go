package catalog

import (
	"slices"
	"strconv"
	"strings"
)

// Collation is how a column sorts and compares.
type Collation byte

// The collations that planners tell apart. NotDeterministic ones may hold
// different bytes for equal.
const (
	NoCollation      Collation = 0
	DefaultCollation Collation = 'd'
	CLike            Collation = 'c' // by bytes
	OtherCollation   Collation = 'o'
	NotDeterministic Collation = 'n'
)

// Column is one column of a relation.
type Column struct {
	Name      string
	Number    int // pg_attribute.attnum
	TypeOID   uint32
	Type      string // as SQL writes it, with its length: "character varying(10)", "app.mood"
	Typmod    int32  // -1: none
	Collation Collation
	Collated  string // the name of its collation as SQL, with its schema; "" if it has none
	NotNull   bool
	Generated bool
	Identity  byte   // 'a' always, 'd' by default, 0 none
	Default   string // the expression of its default, or what it is generated as
}

// HasDefault reports whether a row that does not give the column gets more than NULL.
func (c *Column) HasDefault() bool { return c.Default != "" || c.Identity != 0 }

// Unique is a unique index.
type Unique struct {
	Name    string
	Primary bool
	// Partial: it has a WHERE or expressions, so that its columns alone say
	// little. A column that is an expression is not in Columns.
	Partial bool
	Columns []string
}

// Foreign is a foreign key: Columns refer to those of To, one for one.
type Foreign struct {
	Name        string
	To          *Relation
	Columns, At []string
}

// Column is the column called name, nil if there is none.
func (r *Relation) Column(name string) *Column {
	i := slices.IndexFunc(r.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Columns[i]
}

// Resolve finds the relation that name stands for where schema is given or
// "", as the server would, except that it knows no temporary ones and none
// of PostgreSQL's own. nil means none of those it knows. searchPath has the
// user's name in place of "$user".
func (s *Snapshot) Resolve(searchPath []string, schema, name string) *Relation {
	if s == nil {
		return nil
	}
	if schema != "" {
		searchPath = []string{schema}
	}
	for _, in := range searchPath {
		for _, r := range s.relations[name] {
			if r.Schema == in {
				return r
			}
		}
	}
	return nil
}

func (b *builder) database(r row) {
	b.s.DefaultCollationC, b.s.Encoding = r.yes(0), r.text(1)
}

func (b *builder) column(r row) {
	if in := b.relations[r.text(0)]; in != nil {
		in.Columns = append(in.Columns, Column{
			Name: r.text(2), Number: r.number(1), TypeOID: r.oid(3), Type: r.text(4), Typmod: int32(r.number(5)), Collation: Collation(r.letter(6)), //nolint:gosec // the server's int4
			NotNull: r.yes(7), Generated: r.letter(8) != 0, Identity: r.letter(9), Default: r.text(10), Collated: r.text(11),
		})
	}
}

func (b *builder) unique(r row) {
	in := b.relations[r.text(0)]
	if in == nil {
		return
	}
	numbers := strings.Fields(r.text(5))
	numbers = numbers[:max(0, min(len(numbers), r.number(4)))] // the rest are INCLUDEd
	in.Unique = append(in.Unique, Unique{Name: r.text(1), Primary: r.yes(2), Partial: r.yes(3), Columns: in.numbered(numbers)})
}

func (b *builder) foreign(r row) {
	if in, to := b.relations[r.text(0)], b.relations[r.text(2)]; in != nil && to != nil {
		in.Foreign = append(in.Foreign, Foreign{
			Name: r.text(1), To: to, Columns: in.numbered(strings.Fields(r.text(3))), At: to.numbered(strings.Fields(r.text(4))),
		})
	}
}

// numbered are the names of the columns with these numbers; 0 is none's.
func (r *Relation) numbered(numbers []string) (names []string) {
	for _, text := range numbers {
		n, _ := strconv.Atoi(text)
		if i := slices.IndexFunc(r.Columns, func(c Column) bool { return c.Number == n }); i >= 0 {
			names = append(names, r.Columns[i].Name)
		}
	}
	return names
}

func (r row) oid(i int) uint32 {
	n, _ := strconv.ParseUint(r.text(i), 10, 32)
	return uint32(n)
}
