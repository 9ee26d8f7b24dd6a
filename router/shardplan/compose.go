package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
)

// composing looks for blocks that are answered by themselves: parts of set
// operations, sub-selects in FROM, WITH queries.
type composing struct {
	s      *statement
	root   *block
	pieces []rewrite.Piece
	sets   []*program
	done   map[*pg_query.SelectStmt]bool // a CTE is bound for each reference
}

// compose plans s as itself over what is left of its blocks, if all sharded
// rows are in blocks that need few of them moved.
func (p *Planner) compose(s *statement, root *block) *multi {
	m := &multi{p: p, refused: refusef("", "the statement has no blocks that are answered by themselves")}
	if s.calls.now != "" || s.calls.locking {
		return m
	}
	c := &composing{s: s, root: root, done: map[*pg_query.SelectStmt]bool{}}
	if !c.visit(root, true, false) || len(c.pieces) == 0 {
		return m
	}
	result, no := rewrite.Compose(root.stmt, c.pieces)
	if no != nil {
		m.refused = p.cannot(no, s)
		return m
	}
	m.scatter, m.sets = &plan.Scatter{Legs: result.Legs, Combine: result.Combine, Why: p.why(s)}, c.sets
	m.refused = m.checkCombine()
	return m
}

func (b *block) readsSharded() (found bool) {
	b.eachItem(func(it *item) { found = found || it.sharded() })
	return found
}

// visit reports whether b, or what of it reads sharded rows, is made of
// pieces. whole: its rows are rows of the answer, as they are. once: that it
// has a row several times does not matter.
func (c *composing) visit(b *block, whole, once bool) bool {
	switch {
	case !b.readsSharded():
		return true
	case b.stmt == nil || b.viewed:
		return false
	case b != c.root && c.piece(b, whole, once):
		return true
	}
	for _, it := range b.items {
		if it.sharded() && it.sub == nil {
			return false
		}
	}
	for _, one := range b.subs {
		if one.block.readsSharded() {
			return false
		}
	}
	all := b.stmt.Op == pg_query.SetOperation_SETOP_UNION && b.stmt.All && b.stmt.LimitCount == nil
	for _, arm := range b.arms {
		if !c.visit(arm, whole && all, !b.stmt.All) {
			return false
		}
	}
	for _, d := range b.derive {
		if !c.visit(d, false, false) {
			return false
		}
	}
	return true
}

// piece plans b by itself.
func (c *composing) piece(b *block, whole, once bool) bool {
	stmt := b.stmt
	if c.done[stmt] {
		return true
	}
	if len(b.arms) > 0 || b.depends() || rewrite.ReadsWith(c.root.stmt, stmt) {
		return false
	}
	own := proto.Clone(stmt).(*pg_query.SelectStmt)
	distinct := len(own.DistinctClause) > 0
	if once && !b.aggregated && !b.limited && !distinct {
		own.DistinctClause, own.SortClause, distinct = []*pg_query.Node{{}}, nil, true
	}
	if !whole && !b.aggregated && !distinct && !fewRows(own) {
		return false
	}
	s, root := c.s.p.bound(own, c.s.searchPath)
	if s.refused != nil || s.lead != "" || root.alignedTop() != nil {
		return false
	}
	result, no := rewrite.Combined(own, newScope(s))
	if no != nil {
		return false
	}
	c.done[stmt] = true
	arm := b.up != nil && len(b.up.arms) > 0
	c.pieces = append(c.pieces, rewrite.Piece{Select: stmt, Result: result, Arm: arm})
	c.sets = append(c.sets, s.setProgram())
	return true
}

// fewRows reports whether a LIMIT that each shard can heed bounds stmt.
func fewRows(stmt *pg_query.SelectStmt) bool {
	n := stmt.LimitCount
	return n != nil && (n.GetParamRef() != nil || n.GetAConst().GetIval() != nil) &&
		(stmt.LimitOffset == nil || stmt.LimitOffset.GetParamRef() != nil || stmt.LimitOffset.GetAConst().GetIval() != nil)
}
