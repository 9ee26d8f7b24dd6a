package plan

import "github.com/wyeproxy/wye/shards"

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

func (*CopyIn) sealed()  {}
func (*CopyOut) sealed() {}

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
