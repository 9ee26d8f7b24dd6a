package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// evaluated is stmt as the INSERT of a SELECT, so that a server computes the
// row before it is known where it goes: an INSERT of one row with sub-queries, or
// whose sharding key is computed, or which every copy of a reference table would
// compute anew.
// Else it is stmt itself. What VALUES may have and SELECT may not, or the other
// way round, a server refuses in the client's own text.
func (s *statement) evaluated(it *item, stmt *pg_query.InsertStmt) *pg_query.InsertStmt {
	src := stmt.SelectStmt.GetSelectStmt()
	if it == nil || src == nil || len(src.ValuesLists) != 1 || src.LimitCount != nil || src.LimitOffset != nil || len(src.SortClause) > 0 || src.WithClause != nil {
		return stmt
	}
	columns, plain := insertColumns(it.rel, stmt)
	items := src.ValuesLists[0].GetList().GetItems()
	if !plain || len(items) > len(columns) {
		return stmt
	}
	given := map[string]*pg_query.Node{}
	for i, n := range items {
		if n.GetSetToDefault() == nil {
			given[columns[i]] = n
		}
	}
	if !s.mustEvaluate(it, given) {
		return stmt
	}
	out := proto.Clone(stmt).(*pg_query.InsertStmt)
	sel := &pg_query.SelectStmt{Op: pg_query.SetOperation_SETOP_NONE, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT}
	out.Cols = nil
	for i := range it.rel.Columns {
		c := &it.rel.Columns[i]
		n := given[c.Name]
		if n == nil {
			n = s.firstDefault(it, c)
		}
		if n != nil {
			out.Cols = append(out.Cols, &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Name: c.Name}}})
			sel.TargetList = append(sel.TargetList, pg_query.MakeResTargetNodeWithVal(n, 0))
		}
	}
	out.SelectStmt = &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: sel}}
	return out
}

// mustEvaluate reports whether a row of these values has to be computed first.
func (s *statement) mustEvaluate(it *item, given map[string]*pg_query.Node) bool {
	var all []*pg_query.Node
	for _, n := range given {
		all = append(all, n)
	}
	if hasSubLink(&pg_query.Node{Node: &pg_query.Node_List{List: &pg_query.List{Items: all}}}) {
		return true // which may read what other shards have
	}
	if it.table.Kind == shards.Sharded {
		return slices.ContainsFunc(it.table.Keys, func(name string) bool {
			c := it.rel.Column(name)
			if n := given[name]; n != nil {
				_, plain := readValue(n)
				return !plain
			}
			return c != nil && s.firstDefault(it, c) != nil
		})
	}
	if it.table.Kind != shards.Reference {
		return false
	}
	for i := range it.rel.Columns {
		c := &it.rel.Columns[i]
		n := given[c.Name]
		volatile := contains([]*pg_query.Node{n}, func(m proto.Message) bool {
			f, ok := m.(*pg_query.FuncCall)
			return ok && s.p.call(f).kind > callNow
		})
		if volatile || n == nil && s.firstDefault(it, c) != nil {
			return true
		}
	}
	return false
}

// firstDefault is a default that must be computed before the row is where it
// belongs: of a sharding key, or one that each copy would compute anew. Numbers
// of sequences are not: each shard has its own.
func (s *statement) firstDefault(it *item, c *catalog.Column) *pg_query.Node {
	key := it.table.Kind == shards.Sharded && slices.Contains(it.table.Keys, c.Name)
	if c.Default == "" || c.Generated || isSerial(c) || !key && (it.table.Kind != shards.Reference || !s.p.changes(c.Default)) {
		return nil
	}
	tree, err := sqlparse.Tree("SELECT " + c.Default)
	if err != nil || len(tree.Stmts) != 1 || len(tree.Stmts[0].Stmt.GetSelectStmt().GetTargetList()) != 1 {
		return nil
	}
	return tree.Stmts[0].Stmt.GetSelectStmt().TargetList[0].GetResTarget().Val
}
