package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// selectSet plans UNION ALL of parts that can be cut by the key, and UNION,
// which may see a row once more.
func selectSet(stmt *pg_query.SelectStmt, scope Scope) (*Result, *Refusal) {
	if len(stmt.LockingClause) > 0 {
		return nil, never("FOR UPDATE with UNION", "")
	}
	if stmt.Op != pg_query.SetOperation_SETOP_UNION {
		return nil, refuse("INTERSECT or EXCEPT over several shards", "")
	}
	arms, no := flatten(stmt, stmt.All)
	if no != nil {
		return nil, no
	}
	u := &union{stmt: stmt}
	for _, arm := range arms {
		if no := u.add(arm, scope); no != nil {
			return nil, no
		}
	}
	if stmt.WithClause != nil {
		for _, n := range stmt.WithClause.Ctes {
			if no := checkInner(n.GetCommonTableExpr().Ctequery.GetSelectStmt(), scope); no != nil {
				return nil, no
			}
		}
	}
	if no := u.resolve(); no != nil {
		return nil, no
	}
	if stmt.All {
		if result, no := u.merged(); no == nil {
			return result, nil
		}
	}
	return u.combined()
}

// flatten lists the parts of a UNION. One that keeps duplicates may not have
// a part that does not.
func flatten(s *pg_query.SelectStmt, all bool) ([]*pg_query.SelectStmt, *Refusal) {
	var out []*pg_query.SelectStmt
	for _, arm := range []*pg_query.SelectStmt{s.Larg, s.Rarg} {
		switch {
		case arm.Op == pg_query.SetOperation_SETOP_NONE:
			out = append(out, arm)
			continue
		case arm.Op != pg_query.SetOperation_SETOP_UNION || all && !arm.All || arm.WithClause != nil ||
			arm.LimitCount != nil || arm.LimitOffset != nil || len(arm.SortClause) > 0:
			return nil, refuse("UNION, INTERSECT or EXCEPT inside UNION over several shards", "")
		}
		inner, no := flatten(arm, all)
		if no != nil {
			return nil, no
		}
		out = append(out, inner...)
	}
	return out, nil
}

type union struct {
	stmt *pg_query.SelectStmt
	arms []*block
	at   []int // of the items of ORDER BY, in the columns
}

func (u *union) add(arm *pg_query.SelectStmt, scope Scope) *Refusal {
	if scope.Local(arm) && u.stmt.All {
		return refuse("UNION ALL with a part that every shard has", "")
	}
	if !scope.Local(arm) {
		if no := cut(arm, scope); no != nil {
			return no
		}
	}
	if len(arm.LockingClause) > 0 {
		return never("FOR UPDATE in UNION", "")
	}
	if no := checkInside(arm, scope); no != nil {
		return no
	}
	if len(arm.ValuesLists) > 0 {
		return refuse("VALUES in UNION over several shards", "")
	}
	b, no := takeApart(arm, scope)
	if no != nil {
		return no
	}
	u.arms = append(u.arms, b)
	return nil
}

// resolve finds the columns that ORDER BY names, by the first part's names.
func (u *union) resolve() *Refusal {
	for _, n := range u.stmt.SortClause {
		first := u.arms[0]
		ordering := &block{stmt: u.stmt, scope: nowhere{first.scope}, targets: first.targets, hidden: first.hidden}
		it, no := ordering.resolve(n.GetSortBy().Node, false)
		if no != nil {
			return no
		}
		if it.at < 0 {
			return refuse("ORDER BY over an expression above UNION", "")
		}
		u.at = append(u.at, it.at)
	}
	for _, b := range u.arms {
		if len(u.at) > 0 && (b.hidden || len(b.targets) != len(u.arms[0].targets)) {
			return refuse("a * whose columns are not known in UNION", "list the columns")
		}
	}
	return nil
}

// nowhere is the scope above a UNION: it has no columns but the output's.
type nowhere struct{ Scope }

func (nowhere) Column(*pg_query.ColumnRef, *pg_query.SelectStmt) (Column, bool) {
	return Column{}, false
}

func (u *union) merged() (*Result, *Refusal) {
	if u.stmt.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return nil, refuse("FETCH FIRST WITH TIES", "")
	}
	leg := clone(u.stmt)
	arms, _ := flatten(leg, true)
	m := &plan.Merge{Hidden: len(u.at)}
	for i, n := range u.stmt.SortClause {
		for j, b := range u.arms {
			expr := b.targets[u.at[i]].expr
			if no := b.sortable(item{expr: expr, sort: n.GetSortBy()}); no != nil {
				return nil, no
			}
			if t := b.typeOf(expr); t != u.arms[0].typeOf(u.arms[0].targets[u.at[i]].expr) {
				return nil, refuse("ORDER BY over parts of UNION of several types", "cast them")
			}
			arms[j].TargetList = append(arms[j].TargetList, hiddenColumn(i+1, expr))
		}
		m.Keys = append(m.Keys, sortKey(n.GetSortBy()))
	}
	if !limitLeg(leg, m) {
		return nil, refuse("LIMIT or OFFSET with an expression", "pass the number as a parameter")
	}
	return mergeResult(leg, m)
}

// combined has PostgreSQL sort the rows, or drop duplicates.
func (u *union) combined() (*Result, *Refusal) {
	first := u.arms[0]
	top := &block{stmt: u.stmt, scope: first.scope, targets: first.targets}
	for _, b := range u.arms {
		if no := b.combinable(); no != nil {
			return nil, no
		}
		if len(b.targets) != len(first.targets) {
			return nil, never("UNION of parts with different numbers of columns", "")
		}
	}
	if no := top.combinable(); no != nil {
		return nil, no
	}
	c := newCombiner(top)
	c.distinct = !u.stmt.All
	made := make([]*pg_query.Node, len(first.targets))
	for i := range first.targets {
		s, ok := u.shape(i)
		if !ok {
			return nil, refuse("a column of UNION whose type modifier or collation is not certain", "cast it")
		}
		c.shapes = append(c.shapes, s)
		c.sent = append(c.sent, nil)
		made[i] = sentColumn(i + 1)
	}
	out := top.top()
	c.say(out, made, nil)
	for i, n := range u.stmt.SortClause {
		out.SortClause = append(out.SortClause, sortBy(n.GetSortBy(), ordinal(u.at[i]+1)))
	}
	return c.finishOver(u.leg(), out)
}

// leg is the UNION as it is, but for what stands above it. LIMIT is pushed if
// it can be.
func (u *union) leg() *pg_query.SelectStmt {
	leg := clone(u.stmt)
	limit, ok := count(leg.LimitCount)
	offset, okOffset := count(leg.LimitOffset)
	var n *pg_query.Node
	if ok && okOffset {
		n = legLimit(limit, offset)
	}
	setLimit(leg, n, u.stmt.LimitOption)
	if n == nil {
		leg.SortClause = nil
	}
	return leg
}

// shape is what the parts agree on. Where one has a type modifier and another
// does not, the column has none.
func (u *union) shape(i int) (shape, bool) {
	out, ok := u.arms[0].shapeOf(u.arms[0].targets[i].expr)
	for _, b := range u.arms[1:] {
		s, sure := b.shapeOf(b.targets[i].expr)
		if !sure || s.collate != out.collate || s.asText || out.asText {
			return shape{}, false
		}
		if s.cast != out.cast {
			out.cast = ""
		}
	}
	return out, ok && !out.asText && len(u.arms) > 1
}
