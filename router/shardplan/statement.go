package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
)

// maxBlocks bounds what views and CTEs, which are bound where they are named,
// can make of one text.
const maxBlocks = 512

// statement is one SQL statement while it is looked at.
type statement struct {
	p          *Planner
	searchPath []string
	sql        string // the text, if it is this statement's alone
	tree       *pg_query.Node
	cols       []column // by colID; 0 stands for nothing
	blocks     int
	refused    *refusal // the first thing that forbids it anywhere
	lead       string   // only the lead shard can say what is wrong: why
	views      []*catalog.Relation
	calls      calls
	roots      []*block // blocks that are part of no other
	writes     bool     // INSERT, UPDATE or DELETE is somewhere in it
	params     paramUse
	writesTo   []*item    // targets of writes in WITH
	drawn      *refusal   // numbers that INSERTs among them draw of sequences
	insertsTo  []*item    // those of INSERTs among them
	parts      []*program // shards of the rows that these insert
	firstMemo  map[*level]*classes
}

func newStatement(p *Planner, searchPath []string) *statement {
	return &statement{p: p, searchPath: searchPath, cols: make([]column, 1), firstMemo: map[*level]*classes{}}
}

// refuse keeps the first reason.
func (s *statement) refuse(r *refusal) {
	if s.refused == nil {
		s.refused = r
	}
}

// ask leaves it to the lead shard to say what is wrong.
func (s *statement) ask(why string) {
	if s.lead == "" {
		s.lead = why
	}
}

func (s *statement) column(c column) colID {
	s.cols = append(s.cols, c)
	return colID(len(s.cols) - 1)
}

func (s *statement) newBlock(up *block) *block {
	if s.blocks++; s.blocks > maxBlocks {
		s.refuse(refusef("", "the statement has too many parts to be planned for several shards"))
	}
	b := &block{s: s, up: up, sees: -1}
	if up == nil {
		s.roots = append(s.roots, b)
	}
	return b
}

// items are all items of the statement.
func (s *statement) eachItem(yield func(*item)) {
	for _, b := range s.roots {
		b.eachItem(yield)
	}
}
