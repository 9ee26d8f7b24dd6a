package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// Select plans stmt, a SELECT whose rows that are joined stand on one shard,
// over several shards. It reads stmt and does not change it. Exactly one of
// its results is nil.
func Select(stmt *pg_query.SelectStmt, scope Scope) (*Result, *Refusal) {
	if no := checkAll(stmt, scope); no != nil {
		return nil, no
	}
	if len(stmt.ValuesLists) > 0 {
		return nil, never("VALUES over several shards", "")
	}
	if no := checkLocking(stmt); no != nil {
		return nil, no
	}
	if stmt.Op != pg_query.SetOperation_SETOP_NONE {
		return selectSet(stmt, scope)
	}
	if len(stmt.FromClause) == 0 {
		return selectExists(stmt, scope)
	}
	if no := checkInside(stmt, scope); no != nil {
		return nil, no
	}
	b, no := takeApart(stmt, scope)
	if no != nil {
		return nil, no
	}
	return b.plan()
}

// checkLocking refuses locks on rows that the answer may not have.
func checkLocking(s *pg_query.SelectStmt) *Refusal {
	if len(s.LockingClause) == 0 {
		return nil
	}
	if s.LimitCount != nil || s.LimitOffset != nil {
		return never("FOR UPDATE or FOR SHARE with LIMIT over several shards", "select the rows first, then lock them by the sharding key")
	}
	return nil
}

// plan takes the first way that is exact, the cheapest first.
func (b *block) plan() (*Result, *Refusal) {
	no := b.cut()
	if no == nil {
		var result *Result
		if result, no = b.merged(); no == nil {
			return result, nil
		}
	}
	if len(b.stmt.LockingClause) > 0 {
		return nil, never("FOR UPDATE or FOR SHARE with "+no.Clause, "lock the rows by the sharding key")
	}
	if no := b.combinable(); no != nil {
		return nil, no
	}
	// DISTINCT with a LIMIT is cut short on each shard, which a fold is not.
	distinct := b.distinct && !b.aggregated && b.stmt.LimitCount == nil
	if distinct || b.aggregated && b.cutGroups() != nil {
		if result := b.folded(); result != nil {
			return result, nil
		}
	}
	result, no := b.partial()
	if no == nil {
		return result, nil
	}
	result, last := b.rows()
	if last == nil {
		return result, nil
	}
	// What is said is why not the cheaper way; gathering is as rows is.
	return nil, &Refusal{Clause: no.Clause, Hint: no.Hint, Gather: last.Gather}
}

// partial is a combine over less than the rows: partial aggregates, or rows
// that are distinct or cut by LIMIT on each shard.
func (b *block) partial() (*Result, *Refusal) {
	if b.aggregated && b.cutGroups() != nil {
		return b.grouped()
	}
	result, no := b.outer()
	if no != nil && b.aggregated {
		return b.grouped()
	}
	return result, no
}

// combinable refuses what no combine query can say.
func (b *block) combinable() *Refusal {
	if b.hidden {
		return refuse("a * whose columns are not known", "list the columns")
	}
	for _, t := range b.targets {
		if t.name == secretName {
			return refuse("an output column whose name is not known", "give it a name with AS")
		}
	}
	for _, n := range []*pg_query.Node{b.stmt.LimitCount, b.stmt.LimitOffset} {
		if n != nil && hasSelect(n) {
			return refuse("a sub-query in LIMIT or OFFSET", "pass the number as a parameter")
		}
	}
	return nil
}

func hasSelect(n *pg_query.Node) bool {
	found := false
	Walk(n, func(m proto.Message) bool {
		_, is := m.(*pg_query.SelectStmt)
		found = found || is
		return !found
	})
	return found
}

// volatile reports whether n may be another value each time it is computed.
func (b *block) volatile(n *pg_query.Node) bool {
	found := false
	Walk(n, func(m proto.Message) bool {
		if f, ok := m.(*pg_query.FuncCall); ok && b.scope.Volatile(names(f.Funcname), len(f.Args)) {
			found = true
		}
		return !found
	})
	return found
}
