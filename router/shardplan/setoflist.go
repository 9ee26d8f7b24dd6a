package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// list is key IN (...), key = ANY (...) and comparisons of constants.
func (f *finder) list(c condAt, e *pg_query.A_Expr, known fixed) *program {
	switch {
	case e.Kind == pg_query.A_Expr_Kind_AEXPR_OP && f.own(c) && f.neverTrue(e):
		return constant(0)
	case operator(e) != "=":
	case e.Kind == pg_query.A_Expr_Kind_AEXPR_IN:
		return f.any(c, e.Lexpr, e.Rexpr.GetList().GetItems(), known)
	case e.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ANY:
		if a := e.Rexpr.GetAArrayExpr(); a != nil {
			return f.any(c, e.Lexpr, a.Elements, known)
		}
		return f.array(c, e, known)
	}
	return constant(f.all)
}

// neverTrue: two integers that are not equal, as in WHERE 1 = 0.
func (f *finder) neverTrue(e *pg_query.A_Expr) bool {
	a, ok := e.Lexpr.GetAConst().GetVal().(*pg_query.A_Const_Ival)
	b, also := e.Rexpr.GetAConst().GetVal().(*pg_query.A_Const_Ival)
	return ok && also && operator(e) == "=" && a.Ival.GetIval() != b.Ival.GetIval()
}

// any is left IN (list), where left may be a row.
func (f *finder) any(c condAt, left *pg_query.Node, list []*pg_query.Node, known fixed) *program {
	columns := rowOf(left)
	var parts []*program
	for _, n := range list {
		values := rowOf(n)
		if len(values) != len(columns) {
			return constant(f.all)
		}
		one := slices.Clone(known)
		some := false
		for j, col := range columns {
			i, typ := f.keyColumn(c, col)
			if i < 0 {
				continue
			}
			if v, ok := readValue(values[j]); ok {
				one[i], some = &key{value: v, typ: typ}, true
			}
		}
		p := f.key(one)
		if !some || p == nil {
			return constant(f.all)
		}
		parts = append(parts, p)
	}
	return or(f.all, parts...)
}

// array is key = ANY of a constant or parameter.
func (f *finder) array(c condAt, e *pg_query.A_Expr, known fixed) *program {
	i, typ := f.keyColumn(c, e.Lexpr)
	v, ok := readArray(e.Rexpr)
	if i < 0 || !ok {
		return constant(f.all)
	}
	one := slices.Clone(known)
	one[i] = &key{typ: typ}
	p := f.key(one)
	if p == nil {
		return constant(f.all)
	}
	p.op, p.list, p.at = opArray, v, i
	return p
}

// readArray reads an array constant or parameter, with a cast or without.
func readArray(n *pg_query.Node) (value, bool) {
	c := n.GetTypeCast()
	if c == nil {
		v, ok := readValue(n)
		return v, ok && v.kind != valueTyped
	}
	t := c.TypeName
	if t == nil || len(t.ArrayBounds) != 1 {
		return value{}, false
	}
	typ, ok := castType(&pg_query.TypeName{Names: t.Names, Typmods: t.Typmods, Setof: t.Setof, PctType: t.PctType})
	v, also := readValue(c.Arg)
	v.typ = typ
	return v, ok && also && v.kind != valueTyped
}

// inValues is key IN (VALUES (1), (2)).
func (f *finder) inValues(c condAt, link *pg_query.SubLink, known fixed) *program {
	stmt := link.Subselect.GetSelectStmt()
	if link.SubLinkType != pg_query.SubLinkType_ANY_SUBLINK || len(link.OperName) > 0 || len(stmt.GetValuesLists()) == 0 ||
		stmt.LimitCount != nil || stmt.LimitOffset != nil {
		return constant(f.all)
	}
	var list []*pg_query.Node
	for _, row := range stmt.ValuesLists {
		items := row.GetList().GetItems()
		if len(items) == 1 {
			if v, ok := readValue(items[0]); !ok || v.kind == valueArg || v.kind == valueText {
				return constant(f.all) // the column of VALUES has a type of its own
			}
			list = append(list, items[0])
			continue
		}
		list = append(list, &pg_query.Node{Node: &pg_query.Node_RowExpr{RowExpr: &pg_query.RowExpr{Args: items}}})
	}
	return f.any(c, link.Testexpr, list, known)
}
