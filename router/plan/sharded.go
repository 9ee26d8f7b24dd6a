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

// Cursor declares a cursor over rows of several shards: they are put together
// when it is declared, and one PostgreSQL has the cursor over them.
type Cursor struct {
	Name    string
	Hold    bool   // it outlives its transaction
	Declare string // the statement up to its query: DECLARE name CURSOR FOR
	SQL     string // the query, with the client's parameters
	Rows    *Scatter
}

// Tally is what a broadcast's command tag counts.
type Tally uint8

// The rows of all shards together; or those of one, as all shards must have
// the same (reference tables); or nothing, as DDL has no count.
const (
	TallySum Tally = iota
	TallySame
	TallyNone
)

// Part is what one set of shards is sent of a broadcast.
type Part struct {
	Leg
	// Rows are the places, from 0, that the rows of an INSERT had in the
	// client's statement; nil for other statements.
	Rows []int
}

// Broadcast writes on several shards, in one distributed transaction.
type Broadcast struct {
	Subs  []Sub
	Parts []Part
	Tally Tally
	// Lead: the first shard runs it alone first, then the others: so that all
	// writers queue there, in one order.
	Lead bool
	// Ordered: RETURNING's rows come back in the order of Parts' Rows.
	Ordered bool
	Why     string
}

// Carry reads rows and inserts each where it belongs, in one distributed
// transaction.
type Carry struct {
	Subs []Sub // whose values Insert takes
	From *Scatter
	// Columns are those of From, from 0, that Insert takes: column1 and so on
	// of what stands between Before and After in its text.
	Columns       []int
	Before, After string
	// Args and Used are the first parameters of Insert: the client's, and then
	// results of Subs, by index. The rows follow.
	Args, Used []int
	// Key is the sharding key; Schema, Table name the map's table. Without a
	// key all rows go to all of Shards: copies of a reference table, if Copies.
	Schema, Table string
	Key           []CarriedKey
	Shards        shards.Set
	Copies        bool
	// Ordered: RETURNING's rows come back in the order of the rows.
	Ordered bool
	Why     string
}

// CarriedKey is the value for one column of the sharding key: a column of the
// rows, or else a parameter of the client's, from 1, or else a constant.
type CarriedKey struct {
	Column int // from 0; -1 is none
	Param  int
	Text   string
	Null   bool // the constant
}

// Move changes the sharding key of one row: it is deleted from where it is
// and inserted where it belongs, in one distributed transaction.
type Move struct {
	Delete Leg // returns the new row's columns; more than one row is refused
	// Insert takes the columns that Delete returned as $1.. .
	Insert string
	// Key are the columns, from 0, of the sharding key in them; Table names
	// the map's table, to find the shard.
	Schema, Table string
	Key           []int
	Returning     bool // Insert's rows are the answer
	Why           string
}

// CopyIn splits a COPY FROM by row.
type CopyIn struct {
	Schema, Table string
	SQL           string // for every shard
	Key           []int  // columns, from 0, in the order of the statement
	Columns       int
	Format        CopyFormat
	Shards        shards.Set // all, for a reference table
	Reference     bool       // every row goes to every shard
	Why           string
}

// CopyFormat is what the options of COPY say of its bytes.
type CopyFormat struct {
	Binary, CSV            bool
	Header                 bool
	Delimiter, Quote, Esc  byte
	Null                   string
	ForceNull, ForceNotNul []int // columns, from 0
}

// CopyOut puts the rows of several shards into one COPY TO: what the legs copy,
// or else the rows of From.
type CopyOut struct {
	Legs   []Leg // COPY (...) TO STDOUT
	Format CopyFormat
	Why    string

	From  *Scatter
	Query string // whose rows From gives
	// Quoted are the columns of FORCE_QUOTE, QuoteAll is its *.
	Quoted   []string
	QuoteAll bool
}

func (*Scatter) sealed()   {}
func (*Cursor) sealed()    {}
func (*Broadcast) sealed() {}
func (*Carry) sealed()     {}
func (*Move) sealed()      {}
func (*CopyIn) sealed()    {}
func (*CopyOut) sealed()   {}

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

func (p *Broadcast) String() string {
	var b strings.Builder
	b.WriteString("broadcast  " + p.Why)
	for i, sub := range p.Subs {
		fmt.Fprintf(&b, "\nsub %d    %s", i+1, indent(sub.Plan.String()))
	}
	for _, part := range p.Parts {
		b.WriteString("\n" + part.Leg.String())
		if part.Rows != nil {
			b.WriteString(numbers("  rows", part.Rows))
		}
	}
	return b.String()
}

func (c *Carry) String() string {
	var b strings.Builder
	b.WriteString("carry    " + c.Why)
	for i, sub := range c.Subs {
		fmt.Fprintf(&b, "\nsub %d    %s", i+1, indent(sub.Plan.String()))
	}
	b.WriteString("\nfrom     " + indent(c.From.String()))
	b.WriteString("\nthen     " + c.Before + "(rows)" + c.After + numbers("  args", c.Args) + numbers("  subs", c.Used))
	return b.String()
}

func (m *Move) String() string {
	return "move     " + m.Why + "\n" + m.Delete.String() + "\nthen     " + m.Insert
}

func (c *CopyIn) String() string {
	if c.Reference {
		return "copy in  every row to " + c.Shards.String() + "  " + c.Why
	}
	return "copy in  rows split by " + c.Why + "\non " + c.Shards.String() + "  " + c.SQL
}

func (c *CopyOut) String() string {
	if c.From != nil {
		return "copy out rows of\n  " + indent(c.From.String())
	}
	s := "copy out " + c.Why
	for _, l := range c.Legs {
		s += "\n" + l.String()
	}
	return s
}

func numbers(label string, list []int) string {
	if len(list) == 0 {
		return ""
	}
	return label + strings.ReplaceAll(fmt.Sprint(list), " ", ",")
}

func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }
