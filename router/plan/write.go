package plan

import (
	"fmt"
	"strings"

	"github.com/wyeproxy/wye/shards"
)

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

func (*Broadcast) sealed() {}
func (*Carry) sealed()     {}
func (*Move) sealed()      {}

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
