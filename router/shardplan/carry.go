package shardplan

import (
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// carry is an INSERT ... SELECT whose rows go to other shards than those that
// they come from: they are read, and then inserted from arrays of their
// columns, by the types that they had, so that PostgreSQL casts them to those
// of the table as it would have.
type carry struct {
	from  part
	plan  *plan.Carry
	times bool // Insert takes the time of the transaction
}

// carryRows plans it. at are the columns of the sharding key among those that
// are given; nil where there is none.
func (a *Analysis) carryRows(s *statement, b *block, it *item, stmt *pg_query.InsertStmt, at []int) *refusal {
	columns, plain := insertColumns(it.rel, stmt)
	switch {
	case s.writesWith():
		return refusef(hintOneShard, "WITH that writes on several shards is not supported")
	case len(b.subs) > 0:
		return refusef("Compute the value first, and pass it as a parameter.", "sub-queries in RETURNING and ON CONFLICT of rows that are carried between shards are not supported")
	case !plain || b.source.outOpen && len(stmt.Cols) == 0:
		return refusef("List the columns by name.", "INSERT ... SELECT into columns that are not certain is not supported over several shards")
	case !b.source.outOpen: // of too many or too few a server says what is wrong
		columns = columns[:min(len(columns), len(b.source.outNames))]
	}
	sel, no := withQueries(stmt)
	if no != nil {
		return no
	}
	c := &carry{plan: &plan.Carry{Schema: it.table.Schema, Table: it.table.Name, Why: "INSERT into " + it.table.Name + " by " + strings.Join(it.table.Keys, ", ")}}
	switch it.table.Kind {
	case shards.Reference:
		c.plan.Why = "INSERT into reference table " + it.table.Name
		c.plan.Shards, c.plan.Copies = a.p.everyShard(), true
	case shards.Single:
		c.plan.Why = "INSERT into " + it.table.Name + ", which is on one shard"
		c.plan.Shards = shards.One(it.table.Home)
	}
	if c.from, no = a.p.part(rewrite.Part{Select: sel}, s.searchPath); no != nil {
		return no
	}
	values, no := valuesOf(sel, len(columns))
	if no != nil {
		return no
	}
	for _, i := range at {
		c.plan.Key = append(c.plan.Key, carriedKey(i, values[i]))
	}
	if no := c.write(a.p, it, stmt, columns, values); no != nil {
		return no
	}
	a.carry = c
	return nil
}

// withQueries is the source with the WITH queries of the INSERT as its own.
func withQueries(stmt *pg_query.InsertStmt) (*pg_query.SelectStmt, *refusal) {
	sel := proto.Clone(stmt.SelectStmt.GetSelectStmt()).(*pg_query.SelectStmt)
	switch with := stmt.WithClause; {
	case with == nil:
	case sel.WithClause != nil:
		return nil, refusef("Write one WITH.", "WITH before INSERT and before its SELECT is not supported over several shards")
	default:
		sel.WithClause = proto.Clone(with).(*pg_query.WithClause)
	}
	return sel, nil
}

// valuesOf are the targets of sel, of n columns, that take their type from the
// column that they go to: constants without a type and parameters. They are
// not carried but stand in the INSERT. The others are nil.
func valuesOf(sel *pg_query.SelectStmt, n int) ([]*pg_query.Node, *refusal) {
	values := make([]*pg_query.Node, n)
	if sel.Op != pg_query.SetOperation_SETOP_NONE || len(sel.ValuesLists) > 0 {
		return values, nil
	}
	stars := 0
	for _, t := range sel.TargetList {
		if isStar(t.GetResTarget().Val.GetColumnRef()) {
			stars++
		}
	}
	at := 0
	for _, t := range sel.TargetList {
		v := t.GetResTarget().Val
		c := v.GetAConst()
		switch {
		case isStar(v.GetColumnRef()) && stars == 1:
			at += n - (len(sel.TargetList) - 1)
			continue
		case v.GetParamRef() == nil && (c == nil || c.GetSval() == nil && !c.Isnull):
		case stars > 1:
			return nil, refusef("List the columns by name.", "a constant or a parameter beside several * is not supported over several shards")
		case at >= 0 && at < n:
			values[at] = v
		}
		at++
	}
	return values, nil
}

// carriedKey is where a column of the sharding key comes from.
func carriedKey(column int, value *pg_query.Node) plan.CarriedKey {
	switch {
	case value == nil:
		return plan.CarriedKey{Column: column}
	case value.GetParamRef() != nil:
		return plan.CarriedKey{Column: -1, Param: int(value.GetParamRef().Number)}
	}
	return plan.CarriedKey{Column: -1, Text: value.GetAConst().GetSval().GetSval(), Null: value.GetAConst().Isnull}
}

// rowsMark stands for the rows in the INSERT while it is printed.
const rowsMark = "(SELECT 'wye rows')"

// write makes the INSERT: of the columns that are given, and of those whose
// default is the time.
func (c *carry) write(p *Planner, it *item, stmt *pg_query.InsertStmt, columns []string, values []*pg_query.Node) *refusal {
	ins := proto.Clone(stmt).(*pg_query.InsertStmt)
	ins.WithClause, ins.Cols = nil, nil
	setTimes(it.rel, ins.OnConflictClause.GetTargetList())
	from, no := selectOf("SELECT FROM " + rowsMark + " i0")
	if no != nil {
		return no
	}
	given := func(name string, n *pg_query.Node) {
		ins.Cols = append(ins.Cols, &pg_query.Node{Node: &pg_query.Node_ResTarget{ResTarget: &pg_query.ResTarget{Name: name}}})
		from.TargetList = append(from.TargetList, pg_query.MakeResTargetNodeWithVal(n, 0))
	}
	for i, name := range columns {
		if values[i] != nil {
			given(name, values[i])
			continue
		}
		c.plan.Columns = append(c.plan.Columns, i)
		given(name, pg_query.MakeColumnRefNode([]*pg_query.Node{pg_query.MakeStrNode("i0"), pg_query.MakeStrNode("column" + strconv.Itoa(len(c.plan.Columns)))}, 0))
	}
	for i := range it.rel.Columns {
		attr := &it.rel.Columns[i]
		if def := defaultTime(attr); def != nil && !slices.Contains(columns, attr.Name) {
			given(attr.Name, def)
		}
	}
	ins.SelectStmt = &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: from}}
	before := proto.Clone(ins)
	clients := highestParam(stmt)
	if !freezeNow(p, ins, clients+1) {
		return refusef("Compute the time first, and pass it as a parameter.", "INSERT of rows for several shards with a function of time is not supported")
	}
	c.times = !proto.Equal(before, ins)
	text, no := deparse(&pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: ins}})
	if no != nil {
		return no
	}
	text, c.plan.Args, c.plan.Used = renumber(cutParams(text), clients)
	if strings.Count(text, rowsMark) != 1 {
		return refusef("", "the statement cannot be written anew for several shards")
	}
	c.plan.Before, c.plan.After, _ = strings.Cut(text, rowsMark)
	c.plan.Ordered = len(stmt.ReturningList) > 0 && !mayskip(stmt.OnConflictClause)
	return nil
}

// selectOf reads a SELECT of ours.
func selectOf(sql string) (*pg_query.SelectStmt, *refusal) {
	tree, err := sqlparse.Tree(sql)
	if err != nil {
		return nil, refusef("", "the statement cannot be written anew for several shards")
	}
	return tree.Stmts[0].Stmt.GetSelectStmt(), nil
}

// at is the plan: it says where the rows are. Where they go is found when they
// have been read.
func (c *carry) at(p *Planner, args []plan.Arg, o *Options) plan.Plan {
	if o.RefuseWrites && c.plan.Shards.Len() > 1 {
		return writesRefused
	}
	sub, no := c.from.plan(p, args, o)
	if no != nil {
		return no.plan()
	}
	var cheaper *refusal
	if c.from.many != nil {
		cheaper = c.from.many.cheaper
	}
	if no := o.tooDear(scattered{sub.Plan}.worst(), cheaper); no != nil {
		return no
	}
	out := *c.plan
	out.From = sub.Plan
	if c.times {
		out.Subs = []plan.Sub{nowSub()}
	}
	return &out
}

// copiesOf says why what an INSERT does with the rows that it is given would
// not be the same on every copy of a reference table.
func (a *Analysis) copiesOf(it *item, stmt *pg_query.InsertStmt) *refusal {
	clauses := slices.Clone(stmt.ReturningList)
	if c := stmt.OnConflictClause; c != nil {
		clauses = append(append(clauses, c.TargetList...), c.WhereClause)
	}
	volatile := ""
	contains(clauses, func(m proto.Message) bool {
		if f, ok := m.(*pg_query.FuncCall); ok && a.p.call(f).kind > callNow {
			_, volatile = split(f.Funcname)
		}
		return volatile != ""
	})
	if volatile != "" {
		return refusef("Compute the value first, and pass it as a parameter.", "function %s, which is volatile, in a write to reference table %q is not supported: its copies would differ", volatile, it.rel.Name)
	}
	return nil
}
