package plan

import (
	"fmt"
	"strings"

	"github.com/wyeproxy/wye/shards"
)

// Arg is the value of one parameter, as the client bound it.
type Arg struct {
	OID    uint32 // of its type; 0 = not known
	Format int16  // 0 text, 1 binary
	Value  []byte
	Null   bool
}

// Leg is one statement for each shard of a set: the same text, the same
// arguments.
type Leg struct {
	Shards shards.Set
	SQL    string
	// Args are the client's parameters that SQL uses, by number from 1: the
	// first is $1 in SQL, and so on.
	Args []int
	// Subs are results of earlier Subs of the plan, by index; they follow Args
	// as further parameters.
	Subs []int
}

// SortKey is one hidden column that a merge compares by. Columns come in
// binary, and are compared by the rules of their type, which must be one
// that merge knows.
type SortKey struct {
	Desc       bool
	NullsFirst bool
}

// Count is a LIMIT or OFFSET: a number, a parameter, or none.
type Count struct {
	Set   bool
	Value int64 // where Arg is 0
	Arg   int   // the client's parameter, from 1; NULL means none
}

// Merge puts the streams of one leg together: in order of Keys, which are the
// leg's last columns and are cut off, or in any order if there are none.
type Merge struct {
	Hidden        int // how many columns are cut off, at the end of each row
	Keys          []SortKey
	Limit, Offset Count
}

// Combine computes the answer from the rows of the legs, on one PostgreSQL.
type Combine struct {
	// SQL takes a column of the legs' rows per parameter, as an array: first
	// those of the first leg; then the client's parameters in Args.
	SQL  string
	Args []int
	// Gather: the legs move rows, not partial results, so what may be moved
	// is bounded by the gather limits and needs wye.gather.
	Gather bool
}

// SubKind is what a sub-plan's rows become.
type SubKind uint8

// An array of the first column, the one row's value (more is an error 21000),
// or whether there is a row.
const (
	SubArray SubKind = iota
	SubScalar
	SubExists
)

// Sub is a part of a statement that does not depend on the rest. It runs
// first, and what it finds is a parameter of what follows.
type Sub struct {
	Kind SubKind
	Plan *Scatter
}

// Scatter reads from several shards.
type Scatter struct {
	Subs    []Sub
	Legs    []Leg    // one, if Merge or Fold is set
	Merge   *Merge   // tier A
	Fold    *Fold    // tier B, where there is no need of a Combine
	Combine *Combine // tiers B and C
	Role    Role     // which servers may run the legs
	Why     string   // which predicate gave the shards; no literals
}

// Cursor declares a cursor over rows of several shards: they are put together
// when it is declared, and one PostgreSQL has the cursor over them.
type Cursor struct {
	Name    string
	Hold    bool   // it outlives its transaction
	Declare string // the statement up to its query: DECLARE name CURSOR FOR
	SQL     string // the query, with the client's parameters
	Rows    *Scatter
}

func (*Scatter) sealed() {}
func (*Cursor) sealed()  {}

// Tier is A, B or C, as sharding.md names them.
func (s *Scatter) Tier() string {
	switch {
	case s.Merge != nil:
		return "A"
	case s.Combine != nil && s.Combine.Gather:
		return "C"
	}
	return "B"
}

// String prints the tier, the shards, and what runs where.
func (s *Scatter) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "scatter  tier %s, %s  %s", s.Tier(), s.Role, s.Why)
	for i, sub := range s.Subs {
		fmt.Fprintf(&b, "\nsub %d    %s", i+1, indent(sub.Plan.String()))
	}
	for _, l := range s.Legs {
		b.WriteString("\n" + l.String())
	}
	if m := s.Merge; m != nil {
		b.WriteString("\nmerge    " + m.String())
	}
	if f := s.Fold; f != nil {
		b.WriteString("\nfold     " + f.String())
	}
	if c := s.Combine; c != nil {
		b.WriteString("\ncombine  " + c.SQL + numbers("  args", c.Args))
	}
	return b.String()
}

func (c *Cursor) String() string {
	return "cursor   " + strings.TrimSuffix(c.Declare, " FOR ") + ", over\n  " + indent(c.Rows.String())
}

func (l *Leg) String() string {
	return "on " + l.Shards.String() + "  " + l.SQL + numbers("  args", l.Args) + numbers("  subs", l.Subs)
}

func (m *Merge) String() string {
	words := []string{}
	for _, k := range m.Keys {
		words = append(words, k.words())
	}
	s := "concatenate"
	if len(words) > 0 {
		s = "by " + strings.Join(words, ", ")
	}
	return s + m.Limit.clause(" limit") + m.Offset.clause(" offset")
}

func (k SortKey) words() string {
	w := "asc"
	if k.Desc {
		w = "desc"
	}
	if k.NullsFirst {
		return w + " nulls first"
	}
	return w + " nulls last"
}

func (c Count) clause(word string) string {
	switch {
	case !c.Set:
		return ""
	case c.Arg > 0:
		return fmt.Sprintf("%s $%d", word, c.Arg)
	}
	return fmt.Sprintf("%s %d", word, c.Value)
}

func numbers(label string, list []int) string {
	if len(list) == 0 {
		return ""
	}
	return label + strings.ReplaceAll(fmt.Sprint(list), " ", ",")
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }
