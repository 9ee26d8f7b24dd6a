package shardplan

import (
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

func defaultName(i int) string { return "column" + strconv.Itoa(i+1) }

// setOperation binds the arms of UNION, INTERSECT or EXCEPT. A condition on an
// output column is one on that column of each arm, unless LIMIT comes between.
func (b *block) setOperation(stmt *pg_query.SelectStmt) {
	for _, side := range []*pg_query.SelectStmt{stmt.Larg, stmt.Rarg} {
		arm := b.s.newBlock(b)
		arm.outer, arm.sees, arm.ctes, arm.level = b.outer, b.sees, b.ctes, &level{up: b.level}
		arm.bind(side)
		b.arms = append(b.arms, arm)
	}
	for _, list := range [][]*pg_query.Node{stmt.SortClause, {stmt.LimitCount}, {stmt.LimitOffset}} {
		b.expressions(list, b.level)
	}
	if len(stmt.LockingClause) > 0 {
		b.s.calls.locking = true
	}
	left, right := b.arms[0], b.arms[1]
	b.outNames, b.outOpen = left.outNames, left.outOpen || right.outOpen
	b.outIDs = make([]colID, len(left.outNames))
	for i := range b.outIDs {
		if b.outOpen || i >= len(right.outIDs) {
			continue
		}
		l, r := left.passes(i), right.passes(i)
		if l == 0 || r == 0 || !b.s.comparable(l, r) {
			continue
		}
		v := b.s.column(column{name: left.outNames[i], attr: b.s.cols[l].attr, from: b, loose: b.s.differ(l, r)})
		b.outIDs[i] = v
		if !b.limited {
			b.s.equal(left.level, v, l, b)
			b.s.equal(right.level, v, r, b)
		}
	}
}

// differ reports whether two columns have not the very same type.
func (s *statement) differ(a, b colID) bool {
	x, y := s.cols[a], s.cols[b]
	return x.loose || y.loose || x.attr.TypeOID != y.attr.TypeOID || x.attr.Typmod != y.attr.Typmod || x.attr.Collation != y.attr.Collation || x.attr.Collated != y.attr.Collated
}

// passes is the id of output column i if a condition on it is as good as one
// on what it shows: the rows that the block makes of others do not matter then.
func (b *block) passes(i int) colID {
	if i >= len(b.outIDs) || b.limited && b.arms == nil {
		return 0
	}
	id := b.outIDs[i]
	switch {
	case id == 0 || b.arms != nil || b.stmt == nil:
		return id
	case b.aggregated && !b.inGroup(id):
		return 0
	case !b.inDistinctOn(id) || !b.inPartitions(id):
		return 0
	}
	return id
}

// inGroup reports whether id is a column of GROUP BY.
func (b *block) inGroup(id colID) bool {
	return b.grouped && !hasSets(b.stmt) && b.listed(b.stmt.GroupClause, id, inputFirst)
}

func hasSets(stmt *pg_query.SelectStmt) bool {
	for _, n := range stmt.GroupClause {
		if n.GetGroupingSet() != nil {
			return true
		}
	}
	return false
}

func (b *block) inDistinctOn(id colID) bool {
	return !distinctOn(b.stmt) || b.listed(b.stmt.DistinctClause, id, outputFirst)
}

func distinctOn(stmt *pg_query.SelectStmt) bool {
	return len(stmt.DistinctClause) > 0 && stmt.DistinctClause[0].GetNode() != nil
}

// inPartitions reports whether id is in every window's PARTITION BY.
func (b *block) inPartitions(id colID) bool {
	for _, list := range b.partitions() {
		if !b.listed(list, id, inputOnly) {
			return false
		}
	}
	return true
}

// listed reports whether one of list is the column id.
func (b *block) listed(list []*pg_query.Node, id colID, by lookup) bool {
	for _, n := range list {
		if b.listItem(n, by) == id {
			return true
		}
	}
	return false
}

// lookup is how PostgreSQL reads a list: findTargetlistEntrySQL92 takes a
// column of FROM first in GROUP BY, and an output column first in DISTINCT ON;
// PARTITION BY knows columns of FROM only (findTargetlistEntrySQL99).
type lookup uint8

const (
	inputOnly lookup = iota
	inputFirst
	outputFirst
)

// listItem is the column that an item of such a list is, or 0.
func (b *block) listItem(n *pg_query.Node, by lookup) colID {
	if c := n.GetAConst(); c != nil {
		return b.position(c, by)
	}
	ref := n.GetColumnRef()
	switch {
	case ref == nil:
		return 0
	case by == inputOnly || len(ref.Fields) > 1:
		return b.resolve(ref, 0, len(b.items))
	}
	name := ref.Fields[0].GetString_().GetSval()
	if by == inputFirst && b.mayKnow(name) {
		return b.resolve(ref, 0, len(b.items))
	}
	found, times := colID(0), 0
	for i, out := range b.outNames {
		if out == name || out == unknownName {
			found, times = b.outIDs[i], times+1
		}
	}
	switch {
	case times == 1 && !b.outOpen:
		return found
	case times > 0 || b.outOpen:
		return 0
	}
	return b.resolve(ref, 0, len(b.items))
}

func (b *block) position(c *pg_query.A_Const, by lookup) colID {
	v, ok := c.Val.(*pg_query.A_Const_Ival)
	if !ok || by == inputOnly || b.outOpen {
		return 0
	}
	if at := int(v.Ival.GetIval()) - 1; at >= 0 && at < len(b.outIDs) {
		return b.outIDs[at]
	}
	return 0
}

// comparable reports whether equal values of two columns are equal sharding keys.
func (s *statement) comparable(a, b colID) bool {
	x, ok := s.keyType(a)
	y, also := s.keyType(b)
	switch {
	case !ok || !also:
		return false
	case x == y, x.IsInt() && y.IsInt():
		return true
	}
	return x.IsText() && y.IsText() && x != shardfunc.Bpchar && y != shardfunc.Bpchar
}

// keyType is the type of a column, if one of its type may be a sharding key.
func (s *statement) keyType(id colID) (shardfunc.Type, bool) {
	if id == 0 || s.cols[id].attr == nil {
		return 0, false
	}
	return s.p.keyType(s.cols[id].attr)
}
