package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Pull is a relation whose rows are moved.
type Pull struct {
	Schema, Name string
	// Refs are where the statement reads it.
	Refs []*pg_query.RangeVar
	// Columns are all of its columns, in the order of the table.
	Columns []Column
	// Where are conditions of the statement on its columns alone, as they are
	// written there, that every row it needs meets. They are used if there is
	// one Ref, and it does not rename columns.
	Where []*pg_query.Node
}

// Gather plans stmt as itself, over rows that were moved: a leg for each of
// pulls, and stmt over them. What is not pulled must be the same on every
// shard. It reads stmt and does not change it.
func Gather(stmt *pg_query.SelectStmt, scope Scope, pulls []Pull) (*Result, *Refusal) {
	g := &gathering{stmt: stmt, scope: scope, pulls: pulls, cte: map[*pg_query.RangeVar]string{}}
	if no := g.check(); no != nil {
		no.Gather = false
		return nil, no
	}
	result, no := g.plan()
	if no != nil {
		no.Gather = false
	}
	return result, no
}

type gathering struct {
	stmt  *pg_query.SelectStmt
	scope Scope
	pulls []Pull
	cte   map[*pg_query.RangeVar]string // what stands in the place of a Ref
}

func (g *gathering) plan() (*Result, *Refusal) {
	result := &Result{Combine: &plan.Combine{Gather: true}}
	var with []*pg_query.Node
	sent := 0
	for i, p := range g.pulls {
		columns := g.used(p)
		leg, shapes, no := p.leg(columns)
		if no != nil {
			return nil, no
		}
		name := g.freshName(i + 1)
		for _, ref := range p.Refs {
			g.cte[ref] = name
		}
		cte, no := pulled(name, columns, shapes, sent)
		if no != nil {
			return nil, no
		}
		result.Legs, with, sent = append(result.Legs, leg), append(with, cte), sent+len(columns)
	}
	out := rebuild(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: g.stmt}}, g.redirect).GetSelectStmt()
	var no *Refusal
	if result.Combine.Args, no = renumber(out, sent); no != nil {
		return nil, no
	}
	if out.WithClause == nil {
		out.WithClause = &pg_query.WithClause{}
	}
	out.WithClause.Ctes = append(with, out.WithClause.Ctes...)
	result.Combine.SQL, no = printSelect(out)
	return result, no
}

// leg reads the rows of one shard.
func (p *Pull) leg(columns []Column) (plan.Leg, []shape, *Refusal) {
	from := &pg_query.RangeVar{Schemaname: p.Schema, Relname: p.Name, Inh: true, Relpersistence: "p"}
	var where []*pg_query.Node
	if len(p.Refs) == 1 && len(p.Refs[0].GetAlias().GetColnames()) == 0 {
		from.Alias = p.Refs[0].Alias
		where = slices.DeleteFunc(slices.Clone(p.Where), hasSelect)
	}
	s := &pg_query.SelectStmt{
		Op: pg_query.SetOperation_SETOP_NONE, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT,
		FromClause: []*pg_query.Node{{Node: &pg_query.Node_RangeVar{RangeVar: clone(from)}}}, WhereClause: and(where),
	}
	var shapes []shape
	for _, c := range columns {
		sh, ok := c.shape()
		if !ok {
			return plan.Leg{}, nil, never("the column "+c.Name+", whose type does not travel", "")
		}
		n := column(c.Name)
		if sh.asText {
			n = expression("{0}::text", n)
		}
		s.TargetList, shapes = append(s.TargetList, unnamed(n)), append(shapes, sh)
	}
	leg, no := printLeg(s)
	return leg, shapes, no
}

func and(conditions []*pg_query.Node) *pg_query.Node {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return clone(conditions[0])
	}
	return pg_query.MakeBoolExprNode(pg_query.BoolExprType_AND_EXPR, cloneAll(conditions), 0)
}

// pulled is a WITH query of the rows that have come.
func pulled(name string, columns []Column, shapes []shape, sent int) (*pg_query.Node, *Refusal) {
	list := make([]string, len(columns))
	for i, s := range shapes {
		list[i] = s.unnest(sent+i+1) + " AS " + quoteAll([]string{columns[i].Name})
	}
	text := "WITH " + name + " AS (SELECT " + strings.Join(list, ", ") + ") SELECT"
	tree, err := sqlparse.Tree(text)
	if err != nil {
		return nil, never("a type whose name is not understood", "")
	}
	return tree.Stmts[0].Stmt.GetSelectStmt().WithClause.Ctes[0], nil
}

// redirect puts the WITH queries in the place of what was pulled, under the
// name that it had.
func (g *gathering) redirect(n *pg_query.Node) (*pg_query.Node, bool) {
	if r := n.GetRangeVar(); r != nil && g.cte[r] != "" {
		alias := &pg_query.Alias{Aliasname: r.Relname}
		if r.Alias != nil {
			alias = clone(r.Alias)
		}
		to := &pg_query.RangeVar{Relname: g.cte[r], Inh: true, Relpersistence: "p", Alias: alias}
		return &pg_query.Node{Node: &pg_query.Node_RangeVar{RangeVar: to}}, true
	}
	ref := n.GetColumnRef()
	if ref == nil || len(ref.Fields) != 3 {
		return nil, false
	}
	for _, p := range g.pulls {
		if ref.Fields[0].GetString_().GetSval() == p.Schema && ref.Fields[1].GetString_().GetSval() == p.Name {
			return pg_query.MakeColumnRefNode(cloneAll(ref.Fields[1:]), 0), true
		}
	}
	return nil, false
}

// freshName is a name that stands nowhere in the statement.
func (g *gathering) freshName(i int) string {
	name := fmt.Sprintf("wye_%d", i)
	taken := func() bool {
		found := false
		Walk(g.stmt, func(m proto.Message) bool {
			switch m := m.(type) {
			case *pg_query.RangeVar:
				found = found || m.Relname == name
			case *pg_query.CommonTableExpr:
				found = found || m.Ctename == name
			}
			return !found
		})
		return found
	}
	for taken() {
		name += "_"
	}
	return name
}

// used are the columns that the statement may name; one at least.
func (g *gathering) used(p Pull) []Column {
	all := false
	named := map[string]bool{}
	Walk(g.stmt, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.ColumnRef:
			all = all || isStar(m)
			named[lastName(m.Fields)] = true
		case *pg_query.JoinExpr:
			all = all || m.IsNatural
			for _, name := range names(m.UsingClause) {
				named[name] = true
			}
		case *pg_query.Alias:
			all = all || len(m.Colnames) > 0 // by position
		case *pg_query.CommonTableExpr:
			all = all || m.SearchClause != nil || m.CycleClause != nil
		}
		return true
	})
	if all {
		return p.Columns
	}
	out := slices.DeleteFunc(slices.Clone(p.Columns), func(c Column) bool { return !named[c.Name] })
	if len(out) == 0 {
		return p.Columns[:1]
	}
	return out
}
