package rewrite

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// systemColumns differ between servers that hold the same rows.
var systemColumns = []string{"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}

// checkAll refuses what no plan of this package can hold, wherever it stands.
func checkAll(stmt *pg_query.SelectStmt, scope Scope) *Refusal {
	var no *Refusal
	free := map[proto.Message]bool{} // calls in the answer's own columns
	for _, n := range stmt.TargetList {
		walkBlock(n, func(m proto.Message) bool {
			free[m] = true
			return true
		})
	}
	named := tableNames(stmt)
	Walk(stmt, func(m proto.Message) bool {
		if no == nil {
			no = checkNode(m, named)
		}
		if no == nil && !free[m] {
			no = checkScatter(m, scope)
		}
		return no == nil
	})
	return no
}

// checkScatter refuses what is right on one PostgreSQL only.
func checkScatter(m proto.Message, scope Scope) *Refusal {
	switch m := m.(type) {
	case *pg_query.WithClause:
		for _, n := range m.Ctes {
			if m.Recursive && !scope.Local(n.GetCommonTableExpr().Ctequery.GetSelectStmt()) {
				return refuse("WITH RECURSIVE over several shards", "")
			}
		}
	case *pg_query.FuncCall:
		if scope.Volatile(names(m.Funcname), len(m.Args)) {
			return refuse("a volatile function outside the answer's columns", "compute the value first and pass it as a parameter")
		}
	}
	return nil
}

// checkNode refuses what moving the rows would not answer either. named are
// system columns that may stand where they do.
func checkNode(m proto.Message, named map[*pg_query.ColumnRef]bool) *Refusal {
	switch m := m.(type) {
	case *pg_query.IntoClause:
		return never("SELECT INTO", "create the table first")
	case *pg_query.RangeTableSample:
		return never("TABLESAMPLE over several shards", "name the sharding key in WHERE")
	case *pg_query.CurrentOfExpr:
		return never("WHERE CURRENT OF over several shards", "")
	case *pg_query.InsertStmt, *pg_query.UpdateStmt, *pg_query.DeleteStmt, *pg_query.MergeStmt:
		return never("a data-modifying WITH over several shards", "name the sharding key, or use statements of their own")
	case *pg_query.ColumnRef:
		if slices.Contains(systemColumns, lastName(m.Fields)) && !named[m] {
			return never("a system column over several shards", "")
		}
	}
	return nil
}

// checkInside refuses blocks below stmt that cannot be cut by the key.
func checkInside(stmt *pg_query.SelectStmt, scope Scope) *Refusal {
	var no *Refusal
	Walk(stmt, func(m proto.Message) bool {
		inner, ok := m.(*pg_query.SelectStmt)
		if !ok || inner == stmt {
			return no == nil
		}
		if no == nil {
			no = checkInner(inner, scope)
		}
		return false // checkInner has been below
	})
	return no
}

func checkInner(s *pg_query.SelectStmt, scope Scope) *Refusal {
	if no := lostAggregate(s, scope); no != nil {
		return no
	}
	if scope.Local(s) {
		return checkInside(s, scope)
	}
	if no := cut(s, scope); no != nil {
		return no
	}
	return checkInside(s, scope)
}

// lostAggregate refuses an aggregate that belongs to a block around s, as its
// arguments are all from there.
func lostAggregate(s *pg_query.SelectStmt, scope Scope) *Refusal {
	var no *Refusal
	b := &block{stmt: s, scope: scope}
	b.eachExpression(func(n *pg_query.Node) {
		walkBlock(n, func(m proto.Message) bool {
			if f, ok := m.(*pg_query.FuncCall); ok && b.isAggregate(f) && len(f.Args) > 0 && !b.ownArgument(f) {
				no = refuse("an aggregate in a sub-query over columns of the query around it", "")
			}
			return no == nil
		})
	})
	return no
}

func (b *block) ownArgument(f *pg_query.FuncCall) bool {
	foreign, own := false, false
	walkAll(f.Args, func(m proto.Message) bool {
		if ref, ok := m.(*pg_query.ColumnRef); ok {
			_, here := b.scope.Column(ref, b.stmt)
			own, foreign = own || here, foreign || !here
		}
		return true
	})
	return own || !foreign
}

// cut refuses a block whose rows on all shards together are not its rows.
func cut(s *pg_query.SelectStmt, scope Scope) *Refusal {
	if s.Op != pg_query.SetOperation_SETOP_NONE {
		return cutSet(s, scope)
	}
	if s.LimitCount != nil || s.LimitOffset != nil {
		return refuse("LIMIT in a sub-query", "")
	}
	if len(s.ValuesLists) > 0 || len(s.FromClause) == 0 {
		return refuse("a sub-query that reads no sharded table beside one that does", "")
	}
	b, no := takeApart(s, scope)
	if no != nil {
		return no
	}
	return b.cut()
}

// cut is the same for a block's own clauses, but LIMIT.
func (b *block) cut() *Refusal {
	if no := b.cutGroups(); no != nil {
		return no
	}
	if b.distinct && (b.hidden || !b.scope.KeyGrouped(b.stmt, b.targetExpressions())) {
		return refuse("DISTINCT without the sharding key", "add the sharding key to the list")
	}
	if len(b.on) > 0 && !b.scope.KeyGrouped(b.stmt, b.expressions(b.on)) {
		return refuse("DISTINCT ON without the sharding key", "add the sharding key to the list")
	}
	return b.cutWindows()
}

func (b *block) cutGroups() *Refusal {
	if b.aggregated && (b.sets || len(b.group) == 0 || !b.scope.KeyGrouped(b.stmt, b.expressions(b.group))) {
		return refuse("an aggregate whose groups span shards", "GROUP BY the sharding key")
	}
	return nil
}

func (b *block) cutWindows() *Refusal {
	for _, w := range b.windows {
		if !b.scope.KeyGrouped(b.stmt, b.partition(w)) {
			return refuse("a window that spans shards", "PARTITION BY the sharding key")
		}
	}
	return nil
}

func cutSet(s *pg_query.SelectStmt, scope Scope) *Refusal {
	if s.Op != pg_query.SetOperation_SETOP_UNION || !s.All {
		return refuse("UNION, INTERSECT or EXCEPT over several shards", "use UNION ALL")
	}
	if s.LimitCount != nil || s.LimitOffset != nil {
		return refuse("LIMIT in a sub-query", "")
	}
	for _, arm := range []*pg_query.SelectStmt{s.Larg, s.Rarg} {
		if scope.Local(arm) {
			return refuse("UNION ALL with a part that every shard has", "")
		}
		if no := cut(arm, scope); no != nil {
			return no
		}
	}
	return nil
}
