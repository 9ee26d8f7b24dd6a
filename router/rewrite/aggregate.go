package rewrite

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// aggregate sends what the shards can say of an aggregate, and returns how
// the combine query makes it whole.
func (g *grouping) aggregate(f *pg_query.FuncCall) (*pg_query.Node, *Refusal) {
	own, _ := g.scope.Aggregate(names(f.Funcname))
	label := strings.ToLower(lastName(f.Funcname))
	switch {
	case own == "":
		return nil, refuse("the aggregate "+label, "")
	case f.AggWithinGroup || len(f.AggOrder) > 0 || f.FuncVariadic:
		return nil, refuse("the aggregate "+label+" with an order or a list of arguments", "")
	case f.AggDistinct:
		return g.distinctAggregate(own, f)
	case own == "count":
		return g.whole("coalesce(sum({0}), 0)::int8", f, shape{}), nil
	case len(f.Args) != 1:
		return nil, refuse("the aggregate "+label, "")
	}
	arg := f.Args[0]
	switch own {
	case "min", "max":
		s, ok := g.shapeOf(arg)
		if !ok && !g.plainCollation(arg) {
			return nil, refuse(own+" over a collation that is not certain", "")
		}
		return g.whole(own+"({0})", f, minMaxShape(s)), nil
	case "bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor":
		return g.whole(own+"({0})", f, shape{}), nil
	case "sum", "avg":
		return g.sum(own, f)
	case "variance", "var_samp", "var_pop", "stddev", "stddev_samp", "stddev_pop":
		return g.variance(own, f)
	}
	return nil, refuse("the aggregate "+label, "")
}

// minMaxShape is the shape of the least of values of shape s: it has no type
// modifier.
func minMaxShape(s shape) shape {
	if s.asText {
		return s // arrays have none
	}
	return shape{collate: s.collate}
}

// whole sends f itself, and puts the parts together by sql.
func (g *grouping) whole(sql string, f *pg_query.FuncCall, s shape) *pg_query.Node {
	return expression(sql, g.part(wrapCall(f), s))
}

// part sends a partial aggregate.
func (g *grouping) part(n *pg_query.Node, s shape) *pg_query.Node {
	g.partial = true
	if g.volatile(n) {
		return sentColumn(g.send(n, s))
	}
	return sentColumn(g.sendOnce(n, s))
}

func wrapCall(f *pg_query.FuncCall) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_FuncCall{FuncCall: f}}
}

// over is an aggregate that sql calls over f's argument, {0}, with f's FILTER.
func over(sql string, f *pg_query.FuncCall) *pg_query.Node {
	n := expression(sql, f.Args[0])
	if f.AggFilter != nil {
		n.GetFuncCall().AggFilter = clone(f.AggFilter)
	}
	return n
}

// sum is exact where addition is: not for floats, whose sum depends on the
// order. PostgreSQL's sum of int2 and int4 is an int8, of int8 a numeric.
func (g *grouping) sum(own string, f *pg_query.FuncCall) (*pg_query.Node, *Refusal) {
	t := g.typeOf(f.Args[0])
	small, exact := t == oidInt2 || t == oidInt4, t == oidInt8 || t == oidNumeric
	switch {
	case !small && !exact && t != oidInterval && (t != oidMoney || own == "avg"):
		return nil, refuse(own+" over floats, or over a type that is not certain", "cast the argument to numeric")
	case own == "sum" && small:
		return g.whole("sum({0})::int8", f, shape{}), nil
	case own == "sum":
		return g.whole("sum({0})", f, shape{}), nil
	case g.volatile(f.Args[0]):
		return nil, refuse(own+" over a volatile function", "")
	}
	total, n := g.part(over("sum({0})", f), shape{}), g.part(over("count({0})", f), shape{})
	if t == oidInterval {
		return expression("sum({0}) / nullif(sum({1}), 0)::float8", total, n), nil
	}
	return expression("sum({0}) / nullif(sum({1}), 0)", total, n), nil
}

// variance follows numeric_stddev_internal of PostgreSQL's numeric.c: from the
// number of values, their sum and the sum of their squares, all exact.
func (g *grouping) variance(own string, f *pg_query.FuncCall) (*pg_query.Node, *Refusal) {
	t := g.typeOf(f.Args[0])
	if !isInt(t) && t != oidNumeric {
		return nil, refuse(own+" over floats, or over a type that is not certain", "cast the argument to numeric")
	}
	if g.volatile(f.Args[0]) {
		return nil, refuse(own+" over a volatile function", "")
	}
	n := g.part(over("count({0})", f), shape{})
	s := g.part(over("sum({0}::numeric)", f), shape{})
	q := g.part(over("sum({0}::numeric * {0}::numeric)", f), shape{})
	const top = "(sum({0}) * sum({2}) - sum({1}) * sum({1}))"
	least, divisor := 1, "(sum({0}) * (sum({0}) - 1))"
	if strings.HasSuffix(own, "_pop") {
		least, divisor = 0, "(sum({0}) * sum({0}))"
	}
	v := top + " / " + divisor
	if strings.HasPrefix(own, "stddev") {
		// The root has the scale of the variance. To round it once only, it is
		// taken of a number with so many digits that no rounding comes before.
		scale := "coalesce(scale(" + v + "), 0)"
		v = "round(sqrt(round(" + v + ", 2 * " + scale + " + 20)), " + scale + ")"
	}
	sql := fmt.Sprintf("CASE WHEN sum({0}) > %d THEN CASE WHEN %s <= 0 THEN 0::numeric ELSE %s END END", least, top, v)
	return expression(sql, n, s, q), nil
}

// distinctAggregate has the leg group by the argument, so that PostgreSQL can
// see every value once. It sorts them, so that even floats add up the same.
func (g *grouping) distinctAggregate(own string, f *pg_query.FuncCall) (*pg_query.Node, *Refusal) {
	out := clone(f)
	if f.AggFilter != nil {
		switch own {
		case "count", "sum", "avg", "min", "max":
		default:
			return nil, refuse(own+" with DISTINCT and FILTER", "")
		}
		if len(f.Args) != 1 || !g.plainCollation(f.Args[0]) {
			return nil, refuse(own+" with DISTINCT and FILTER", "")
		}
		out.AggFilter = nil // these aggregates skip NULL
		n := expression("CASE WHEN {0} THEN {1} END", f.AggFilter, f.Args[0])
		return wrapCall(out), g.argument(out, 0, n, shape{})
	}
	for i, n := range f.Args {
		if n.GetAConst() != nil {
			continue
		}
		s, ok := g.shapeOf(n)
		if !ok {
			return nil, refuse("DISTINCT over an expression whose type modifier or collation is not certain", "cast it")
		}
		if no := g.argument(out, i, n, s); no != nil {
			return nil, no
		}
	}
	return wrapCall(out), nil
}

func (g *grouping) argument(out *pg_query.FuncCall, i int, n *pg_query.Node, s shape) *Refusal {
	if g.volatile(n) || hasSelect(n) {
		return refuse("DISTINCT over a volatile function or a sub-query", "")
	}
	before := len(g.sent)
	at := g.sendOnce(n, s)
	if at > before {
		g.groups = append(g.groups, at)
	}
	out.Args[i] = sentColumn(at)
	return nil
}
