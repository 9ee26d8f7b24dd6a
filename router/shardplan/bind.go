package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// root binds a SELECT that is part of nothing.
func (s *statement) root(stmt *pg_query.SelectStmt, ctes *cte) *block {
	b := s.newBlock(nil)
	b.ctes, b.level = ctes, &level{}
	b.bind(stmt)
	return b
}

// bind resolves all that stmt names. b.level, b.outer and b.ctes are set.
func (b *block) bind(stmt *pg_query.SelectStmt) {
	if b.s.blocks > maxBlocks {
		b.outOpen = true
		return
	}
	b.stmt = stmt
	b.with(stmt.WithClause)
	b.limited = stmt.LimitCount != nil || stmt.LimitOffset != nil
	switch {
	case stmt.IntoClause != nil:
		b.s.refuse(refusef("Create the table, then INSERT ... SELECT.", "SELECT INTO is not supported on a sharded cluster"))
	case stmt.Op != pg_query.SetOperation_SETOP_NONE:
		b.setOperation(stmt)
		return
	case len(stmt.ValuesLists) > 0:
		b.values(stmt)
		return
	}
	b.aggregated, b.grouped = b.s.aggregates(stmt)
	for _, n := range stmt.FromClause {
		b.tree = append(b.tree, b.fromItem(n, b.level))
	}
	b.where(stmt.WhereClause)
	for _, list := range [][]*pg_query.Node{stmt.TargetList, stmt.GroupClause, stmt.DistinctClause, stmt.SortClause, stmt.WindowClause, {stmt.HavingClause}, {stmt.LimitCount}, {stmt.LimitOffset}} {
		b.expressions(list, b.level)
	}
	if len(stmt.LockingClause) > 0 {
		b.s.calls.locking = true
	}
	b.outputs(stmt)
}

// with makes the CTEs of a WITH visible.
func (b *block) with(w *pg_query.WithClause) {
	if w == nil {
		return
	}
	outside := b.ctes
	for _, n := range w.Ctes {
		e := n.GetCommonTableExpr()
		c := &cte{name: e.Ctename, expr: e, owner: b, next: b.ctes}
		c.own = c.next
		if w.Recursive {
			c.own = c
		}
		b.ctes = c
	}
	if w.Recursive { // each may name those that follow; only forward references to what is bound later are left out
		for c := b.ctes; c != outside; c = c.next {
			c.own = b.ctes
		}
	}
	for c := b.ctes; c != outside; c = c.next {
		b.modifying(c)
	}
}

// where adds the conditions of WHERE and looks into them.
func (b *block) where(n *pg_query.Node) {
	for _, c := range conjuncts(n) {
		b.condition(c, b.level, 0, len(b.items))
	}
}

// condition adds one conjunct at l; first and last are the items it sees.
func (b *block) condition(n *pg_query.Node, l *level, first, last int) {
	in := asCondition
	if e := n.GetBoolExpr(); e != nil && e.Boolop == pg_query.BoolExprType_NOT_EXPR {
		in = underNot
	}
	b.inSight = first
	b.expression(n, l, in)
	b.inSight = 0
	b.s.addCondition(newCond(n, b, l, first, last))
}

func (b *block) expressions(list []*pg_query.Node, l *level) {
	for _, n := range list {
		if n != nil {
			b.expression(n, l, elsewhere)
		}
	}
}

// expression binds the sub-selects in n and notes the functions it calls. l is
// what holds where it is computed.
func (b *block) expression(n *pg_query.Node, l *level, in place) {
	top := n
	if in == underNot {
		top = n.GetBoolExpr().Args[0]
	}
	rewrite.Walk(n, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.SubLink:
			where := elsewhere
			if top.GetSubLink() == m {
				where = in
			}
			b.subLink(m, l, where)
			if m.Testexpr != nil {
				b.expression(m.Testexpr, l, elsewhere)
			}
			return false
		case *pg_query.SelectStmt:
			return false
		case *pg_query.FuncCall, *pg_query.SQLValueFunction, *pg_query.A_Expr, *pg_query.TypeCast, *pg_query.CurrentOfExpr, *pg_query.ColumnRef:
			b.s.note(m, b)
		}
		return true
	})
}

// subLink binds a sub-select of an expression.
func (b *block) subLink(link *pg_query.SubLink, l *level, where place) {
	stmt := link.Subselect.GetSelectStmt()
	if stmt == nil {
		b.s.refuse(refusef("", "a sub-query that is not a SELECT is not supported on a sharded cluster"))
		return
	}
	inner := b.s.newBlock(b)
	inner.outer, inner.ctes, inner.level = b, b.ctes, &level{up: l}
	inner.bind(stmt)
	one := &sub{block: inner, link: link, where: where}
	b.subs = append(b.subs, one)
	b.tieByIn(one)
}

func (b *block) values(stmt *pg_query.SelectStmt) {
	width := 0
	for _, row := range stmt.ValuesLists {
		b.expressions(row.GetList().GetItems(), b.level)
		width = len(row.GetList().GetItems())
	}
	for _, list := range [][]*pg_query.Node{stmt.SortClause, {stmt.LimitCount}, {stmt.LimitOffset}} {
		b.expressions(list, b.level)
	}
	b.unknownOutputs(width)
}

// unknownOutputs are n columns of which nothing is known but the default names.
func (b *block) unknownOutputs(n int) {
	for i := range n {
		b.outNames, b.outIDs = append(b.outNames, defaultName(i)), append(b.outIDs, 0)
	}
}

// outputs finds the output columns that are columns of FROM.
func (b *block) outputs(stmt *pg_query.SelectStmt) {
	for _, n := range stmt.TargetList {
		t := n.GetResTarget()
		ref := t.GetVal().GetColumnRef()
		switch {
		case isStar(ref):
			list, ok := b.star(ref)
			b.outOpen = b.outOpen || !ok
			for _, c := range list {
				b.outNames, b.outIDs = append(b.outNames, c.name), append(b.outIDs, c.id)
			}
		case ref != nil:
			id := b.resolve(ref, 0, len(b.items))
			b.outNames, b.outIDs = append(b.outNames, outputName(t)), append(b.outIDs, id)
		default:
			b.outNames, b.outIDs = append(b.outNames, outputName(t)), append(b.outIDs, 0)
		}
	}
}

// outputName is the name that a target certainly has, or one that nobody can
// write.
func outputName(t *pg_query.ResTarget) string {
	if t.GetName() != "" {
		return t.Name
	}
	if ref := t.GetVal().GetColumnRef(); ref != nil {
		return ref.Fields[len(ref.Fields)-1].GetString_().GetSval()
	}
	if f := t.GetVal().GetFuncCall(); f != nil {
		_, name := split(f.Funcname)
		return name
	}
	return unknownName
}

// unknownName is that of a column whose name is not worked out: it may be any.
const unknownName = "\x00"

func isStar(ref *pg_query.ColumnRef) bool {
	return ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil
}
