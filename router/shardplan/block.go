package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
)

// colID is a column of one item, or a column that a set operation makes; 0 is
// one of which nothing is known. Columns of a simple sub-select in FROM have
// the ids of what they show.
type colID int

// column is what is known of a colID.
type column struct {
	name string
	item *item           // nil: of a set operation
	attr *catalog.Column // its type and so on
	// loose: of the type, only what matters to a sharding key is certain.
	loose bool
	from  *block
}

// item is one entry of FROM: a table, a view, a sub-select, a function.
type item struct {
	block   *block
	alias   string
	rel     *catalog.Relation // of a relation; of a view too
	table   *shards.Table     // nil: not in the map
	sub     *block            // a sub-select, CTE or view
	level   *level            // what holds for its rows that matter
	names   []string          // of its columns, "" where hidden from bare names
	ids     []colID
	open    bool // it may have columns that are not in names
	lateral bool // its sub-select may name the items before it
	seen    bool // its columns are out of sight altogether

	schema string
	ref    *pg_query.RangeVar // of a relation: where it is named
	system bool               // PostgreSQL's own
}

// sharded reports whether only some shards have all of the item's rows.
func (it *item) sharded() bool { return it.table != nil && it.table.Kind != shards.Reference }

// join is a node of FROM's tree; item is set at the leaves.
type join struct {
	item        *item
	kind        pg_query.JoinType
	left, right *join
	first, last int    // its items are block.items[first:last]
	on          *level // where its conditions hold
	except      bool   // stands for something that is not understood
}

// merged is a column that USING makes of two.
type merged struct {
	name        string
	id          colID
	first, last int
}

// block is one SELECT, or the FROM and WHERE of an UPDATE or DELETE.
type block struct {
	s     *statement
	stmt  *pg_query.SelectStmt // nil for UPDATE and DELETE
	outer *block               // whose columns it may name
	sees  int                  // how many items of outer; -1: all
	up    *block               // the block that it is part of, for columns or not
	ctes  *cte

	level  *level
	items  []*item
	merges []merged
	tree   []*join // items of the FROM list
	arms   []*block
	subs   []*sub
	source *block   // of INSERT ... SELECT
	gives  int      // of INSERT: how many values there are, at least
	derive []*block // sub-selects in FROM, CTEs and views among them

	outNames []string
	outIDs   []colID
	outOpen  bool // the list of output columns is not known

	aggregated, grouped, limited bool
	viewed                       bool // it is what a view selects
	inSight                      int  // the first item that the condition being bound sees
	kind                         *kindOf
}

// sub is a sub-select in an expression.
type sub struct {
	block *block
	link  *pg_query.SubLink
	where place
}

// place is where an expression stands: what a NULL means there.
type place uint8

// In a condition, at its top or under NOT, or anywhere else.
const (
	elsewhere place = iota
	asCondition
	underNot
)

// cte is a WITH item; the innermost comes first.
type cte struct {
	name  string
	expr  *pg_query.CommonTableExpr
	owner *block
	next  *cte
	rec   bool // it is being bound: a reference is to itself
	self  bool // there was one
	own   *cte // what its own body sees
}

// inside reports whether b is or is part of a.
func (b *block) inside(a *block) bool {
	for ; b != nil; b = b.up {
		if b == a {
			return true
		}
	}
	return false
}

// eachItem calls yield for the items of b and of all blocks inside.
func (b *block) eachItem(yield func(*item)) {
	for _, it := range b.items {
		yield(it)
	}
	b.eachPart(func(p *block) { p.eachItem(yield) })
}

// eachPart calls yield for the blocks directly inside b.
func (b *block) eachPart(yield func(*block)) {
	for _, a := range b.arms {
		yield(a)
	}
	for _, d := range b.derive {
		yield(d)
	}
	for _, s := range b.subs {
		yield(s.block)
	}
}

// aggregates reports whether a SELECT is one of groups, and whether it has
// GROUP BY columns to tell them by.
func (s *statement) aggregates(stmt *pg_query.SelectStmt) (aggregated, grouped bool) {
	list := append(append([]*pg_query.Node{stmt.HavingClause}, stmt.TargetList...), stmt.SortClause...)
	list = append(append(list, stmt.DistinctClause...), stmt.WindowClause...)
	grouped = len(stmt.GroupClause) > 0
	aggregated = grouped || stmt.HavingClause != nil || contains(list, func(m proto.Message) bool {
		f, ok := m.(*pg_query.FuncCall)
		return ok && f.Over == nil && s.p.isAggregateCall(f)
	})
	return aggregated, grouped
}
