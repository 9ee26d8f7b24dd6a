package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// level is a set of facts that hold for all rows that matter at some place of
// a statement: those of the levels above hold as well. A fact is one that is
// not true of a NULL, so that it may be used below an outer join that would
// make NULLs; conditions that may be are looked at only where they stand.
type level struct {
	up    *level
	eqs   []equality
	conds []*cond
}

// equality says that two columns are equal. from is the block that says so.
type equality struct {
	a, b colID
	from *block
}

// cond is a condition of WHERE or ON, and what its names stand for.
type cond struct {
	expr  *pg_query.Node
	block *block
	level *level
	refs  map[*pg_query.ColumnRef]colID
}

// newCond resolves the names in n at once: a join around it may hide them.
func newCond(n *pg_query.Node, b *block, l *level, first, last int) *cond {
	c := &cond{expr: n, block: b, level: l, refs: map[*pg_query.ColumnRef]colID{}}
	rewrite.Walk(n, func(m proto.Message) bool {
		if ref, ok := m.(*pg_query.ColumnRef); ok {
			c.refs[ref] = b.resolve(ref, first, last)
		}
		_, inner := m.(*pg_query.SelectStmt)
		return !inner
	})
	c.noteParams()
	return c
}

func (s *statement) equal(l *level, a, b colID, from *block) {
	if a != b && s.comparable(a, b) {
		l.eqs = append(l.eqs, equality{a, b, from})
	}
}

// addCondition keeps c, and what it says of equal columns.
func (s *statement) addCondition(c *cond) {
	c.level.conds = append(c.level.conds, c)
	e := c.expr.GetAExpr()
	if e == nil || e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || operator(e) != "=" {
		return
	}
	left, right := rowOf(e.Lexpr), rowOf(e.Rexpr)
	if len(left) != len(right) {
		return
	}
	for i := range left {
		if a, b := c.resolve(left[i]), c.resolve(right[i]); a != 0 && b != 0 {
			s.equal(c.level, a, b, c.block)
		}
	}
}

// resolve is the column that n is, or 0.
func (c *cond) resolve(n *pg_query.Node) colID {
	return c.refs[n.GetColumnRef()]
}

// rowOf is what ROW(...) lists, or n alone.
func rowOf(n *pg_query.Node) []*pg_query.Node {
	if r := n.GetRowExpr(); r != nil {
		return r.Args
	}
	return []*pg_query.Node{n}
}

// tieByIn uses what x IN (SELECT y ...) says: of the rows of the sub-select
// only those with y = x matter. Under NOT a NULL would matter too, and so does
// whether there are any rows for an x that is NULL.
func (b *block) tieByIn(one *sub) {
	link, inner := one.link, one.block
	if link.SubLinkType != pg_query.SubLinkType_ANY_SUBLINK || one.where == elsewhere || inner.outOpen {
		return
	}
	if len(link.OperName) > 0 {
		if _, op := split(link.OperName); op != "=" {
			return
		}
	}
	outer := rowOf(link.Testexpr)
	if len(outer) != len(inner.outIDs) {
		return
	}
	for i, n := range outer {
		ref := n.GetColumnRef()
		if ref == nil {
			continue
		}
		x, y := b.resolve(ref, b.inSight, len(b.items)), inner.passes(i)
		if x == 0 || y == 0 || one.where == underNot && !(len(outer) == 1 && b.neverNull(x) && inner.neverNull(y)) {
			continue
		}
		b.s.equal(inner.level, x, y, b)
	}
}

// neverNull reports whether column id is NOT NULL, of a table of b that no
// outer join makes NULLs of.
func (b *block) neverNull(id colID) bool {
	c := b.s.cols[id]
	return c.attr != nil && c.attr.NotNull && c.item != nil && c.item.rel != nil && c.item.rel.Kind != 'v' && c.item.block == b && c.item.level == b.level
}

// classes are sets of columns that are equal.
type classes struct{ parent map[colID]colID }

func (c *classes) of(id colID) colID {
	for {
		up, ok := c.parent[id]
		if !ok {
			return id
		}
		id = up
	}
}

func (c *classes) same(a, b colID) bool { return a != 0 && b != 0 && c.of(a) == c.of(b) }

// classes are those at l. If within is not nil, facts about columns inside of
// it count only if they are its own.
func (s *statement) classes(l *level, within *block) *classes {
	if within == nil {
		if c := s.firstMemo[l]; c != nil {
			return c
		}
	}
	c := &classes{parent: map[colID]colID{}}
	for at := l; at != nil; at = at.up {
		for _, e := range at.eqs {
			if within != nil && !e.from.inside(within) && (s.isInside(e.a, within) || s.isInside(e.b, within)) {
				continue
			}
			if a, b := c.of(e.a), c.of(e.b); a != b {
				c.parent[a] = b
			}
		}
	}
	if within == nil {
		s.firstMemo[l] = c
	}
	return c
}

func (s *statement) isInside(id colID, within *block) bool {
	return s.cols[id].from.inside(within)
}
