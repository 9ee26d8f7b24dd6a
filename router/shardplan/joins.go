package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// joinExpr binds a join. Conditions of an inner join hold for all rows that
// matter; those of an outer join for the side that may be missing.
func (b *block) joinExpr(e *pg_query.JoinExpr, l *level) *join {
	j := &join{kind: e.Jointype, on: l, first: len(b.items)}
	left, right := l, l
	switch e.Jointype {
	case pg_query.JoinType_JOIN_LEFT:
		right = &level{up: l}
		j.on = right
	case pg_query.JoinType_JOIN_RIGHT:
		left = &level{up: l}
		j.on = left
	case pg_query.JoinType_JOIN_FULL:
		left, right = &level{up: l}, &level{up: l}
		j.on = &level{up: l}
	case pg_query.JoinType_JOIN_INNER:
	default:
		j.except = true
	}
	j.left = b.fromItem(e.Larg, left)
	middle := len(b.items)
	j.right = b.fromItem(e.Rarg, right)
	j.last = len(b.items)
	if e.Quals != nil {
		for _, c := range conjuncts(e.Quals) {
			b.condition(c, j.on, j.first, j.last)
		}
	}
	b.using(e, j, middle)
	b.hide(e, j)
	return j
}

// using are the equalities of USING and NATURAL.
func (b *block) using(e *pg_query.JoinExpr, j *join, middle int) {
	list := names(e.UsingClause)
	if e.IsNatural {
		list = b.shared(j, middle)
	}
	for _, name := range list {
		left, _ := b.lookup("", "", name, j.first, middle)
		right, _ := b.lookup("", "", name, middle, j.last)
		if left != 0 && right != 0 {
			b.s.equal(j.on, left, right, b)
		}
		id := left
		switch e.Jointype {
		case pg_query.JoinType_JOIN_RIGHT:
			id = right
		case pg_query.JoinType_JOIN_FULL:
			id = 0
		}
		for _, it := range b.items[j.first:j.last] {
			if i := slices.Index(it.names, name); i >= 0 {
				it.names[i] = hiddenPrefix + name
			}
		}
		b.merges = append(b.merges, merged{name, id, j.first, j.last})
	}
}

// shared are the names that both sides of a NATURAL join have.
func (b *block) shared(j *join, middle int) (both []string) {
	seen := map[string]bool{}
	for i, it := range b.items[j.first:j.last] {
		if it.open {
			b.s.refuse(refusef("Say USING or ON.", "NATURAL JOIN with columns that are not known is not supported on a sharded cluster"))
		}
		for _, name := range it.names {
			switch {
			case it.seen || name == "" || name[0] == hiddenPrefix[0]:
			case i < middle-j.first:
				seen[name] = true
			case seen[name] && !slices.Contains(both, name):
				both = append(both, name)
			}
		}
	}
	for _, m := range b.merges {
		if m.first >= j.first && m.last <= j.last {
			b.s.refuse(refusef("Say USING or ON.", "NATURAL JOIN of joins is not supported on a sharded cluster"))
		}
	}
	return both
}

// hide puts the items of an aliased join out of sight: only the alias names
// its columns now, and what they are is not followed.
func (b *block) hide(e *pg_query.JoinExpr, j *join) {
	if e.JoinUsingAlias != nil {
		b.items = append(b.items, &item{block: b, alias: e.JoinUsingAlias.Aliasname, open: true, level: j.on})
		j.last = len(b.items)
	}
	if e.Alias == nil {
		return
	}
	for _, it := range b.items[j.first:j.last] {
		it.seen = true
	}
	b.merges = slices.DeleteFunc(b.merges, func(m merged) bool { return m.first >= j.first })
	b.items = append(b.items, &item{block: b, alias: e.Alias.Aliasname, open: true, level: j.on})
	j.last = len(b.items)
}
