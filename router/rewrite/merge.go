package rewrite

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// merged is tier A: the shards' rows one after another, or by hidden keys.
func (b *block) merged() (*Result, *Refusal) {
	if b.stmt.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return nil, refuse("FETCH FIRST WITH TIES", "")
	}
	leg := clone(b.stmt)
	m := &plan.Merge{}
	for _, it := range b.order {
		if no := b.sortable(it); no != nil {
			return nil, no
		}
		m.Hidden++
		leg.TargetList = append(leg.TargetList, hiddenColumn(m.Hidden, it.expr))
		m.Keys = append(m.Keys, sortKey(it.sort))
	}
	if !limitLeg(leg, m) {
		return nil, refuse("LIMIT or OFFSET with an expression", "pass the number as a parameter")
	}
	return mergeResult(leg, m)
}

// hiddenColumn has a name that nothing in ORDER BY can mean.
func hiddenColumn(i int, n *pg_query.Node) *pg_query.Node {
	return named(fmt.Sprintf("wye_sort_%d", i), clone(n))
}

func mergeResult(leg *pg_query.SelectStmt, m *plan.Merge) (*Result, *Refusal) {
	l, no := printLeg(leg)
	if no != nil {
		return nil, no
	}
	return &Result{Legs: []plan.Leg{l}, Merge: m}, nil
}

// sortable refuses an item that the proxy's merge cannot compare, or that
// must not be added to the columns.
func (b *block) sortable(it item) *Refusal {
	switch {
	case it.sort.SortbyDir == pg_query.SortByDir_SORTBY_USING:
		return refuse("ORDER BY with USING", "")
	case !b.merges(it.expr):
		return refuse("ORDER BY over a type or collation that only PostgreSQL compares", `use COLLATE "C"`)
	case b.volatile(it.expr):
		return refuse("ORDER BY over a volatile function", "")
	case b.distinct && !b.listed(it.expr):
		return refuse("SELECT DISTINCT with ORDER BY over something that is not in the list", "")
	}
	return nil
}

func (b *block) listed(n *pg_query.Node) bool {
	key := b.key(n)
	for _, t := range b.targets {
		if b.key(t.expr) == key {
			return true
		}
	}
	return false
}

func sortKey(s *pg_query.SortBy) plan.SortKey {
	desc := s.SortbyDir == pg_query.SortByDir_SORTBY_DESC
	first := desc
	switch s.SortbyNulls {
	case pg_query.SortByNulls_SORTBY_NULLS_FIRST:
		first = true
	case pg_query.SortByNulls_SORTBY_NULLS_LAST:
		first = false
	}
	return plan.SortKey{Desc: desc, NullsFirst: first}
}

// limitLeg moves LIMIT and OFFSET from the leg to the merge; the leg keeps a
// bound. It returns false if they are expressions.
func limitLeg(leg *pg_query.SelectStmt, m *plan.Merge) bool {
	limit, ok := count(leg.LimitCount)
	offset, okOffset := count(leg.LimitOffset)
	if !ok || !okOffset {
		return false
	}
	m.Limit, m.Offset = limit, offset
	setLimit(leg, legLimit(limit, offset), pg_query.LimitOption_LIMIT_OPTION_COUNT)
	return true
}

func setLimit(s *pg_query.SelectStmt, n *pg_query.Node, option pg_query.LimitOption) {
	s.LimitCount, s.LimitOffset, s.LimitOption = n, nil, option
	if n == nil {
		s.LimitOption = pg_query.LimitOption_LIMIT_OPTION_DEFAULT
	}
}
