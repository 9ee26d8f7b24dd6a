package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/fold"
)

// folding is a fold over partial aggregates: as grouping, but the groups of
// groups are made by the proxy, which knows the closed list of package fold
// and no expressions.
type folding struct {
	*block
	plan  plan.Fold
	sent  []*pg_query.Node // the leg's columns
	place map[string]int   // of expressions in sent, from 1
}

// folded returns nil if something of the block is not on the list.
func (b *block) folded() *Result {
	if b.sets || b.distinct && b.aggregated || len(b.on) > 0 || len(b.windows) > 0 || b.stmt.LimitOption == pg_query.LimitOption_LIMIT_OPTION_WITH_TIES {
		return nil
	}
	f := &folding{block: b, place: map[string]int{}}
	if !f.limits() || !f.keys() || !f.targeted() || !f.ordered() || !f.having(b.stmt.HavingClause) || len(f.sent) == 0 {
		return nil
	}
	leg := b.bottom()
	for i, n := range f.sent {
		leg.TargetList = append(leg.TargetList, unnamed(n))
		if f.plan.Columns[i].Op == fold.Key {
			leg.GroupClause = append(leg.GroupClause, ordinal(i+1))
		}
	}
	l, no := printLeg(leg)
	if no != nil {
		return nil
	}
	return &Result{Legs: []plan.Leg{l}, Fold: &f.plan}
}

func (f *folding) limits() bool {
	limit, ok := count(f.stmt.LimitCount)
	offset, okOffset := count(f.stmt.LimitOffset)
	f.plan.Limit, f.plan.Offset = limit, offset
	return ok && okOffset && !isSub(limit.Arg) && !isSub(offset.Arg)
}

// keys has the leg group by what the block groups by; DISTINCT groups by all
// columns.
func (f *folding) keys() bool {
	exprs := f.expressions(f.group)
	if f.distinct {
		exprs = f.targetExpressions()
	}
	for _, n := range exprs {
		t := f.typeOf(n)
		// The default collation of a database is always deterministic.
		if !fold.Groups(t, !f.scope.Recoded() && (f.byteOrder(n) || f.plainCollation(n))) || f.volatile(n) || hasSelect(n) {
			return false
		}
		f.send(n, fold.Key, t)
	}
	return true
}

// send adds a column to the leg, unless it is there, and returns its number,
// from 0.
func (f *folding) send(n *pg_query.Node, op fold.Op, t uint32) int {
	key := f.key(n)
	if f.place[key] == 0 {
		f.sent = append(f.sent, clone(n))
		f.plan.Columns = append(f.plan.Columns, fold.Column{Op: op, Type: t})
		f.place[key] = len(f.sent)
	}
	return f.place[key] - 1
}

// targeted makes the client's columns. What only the server can print is sent
// once more, for the client.
func (f *folding) targeted() bool {
	for _, t := range f.targets {
		o, ok := f.output(t.expr)
		if !ok {
			return false
		}
		if !fold.Prints(o.Type) {
			o.Twin = len(f.sent)
			f.sent = append(f.sent, clone(f.sent[o.Column]))
			f.plan.Columns = append(f.plan.Columns, fold.Column{Op: fold.Twin, Type: o.Type, Of: o.Column})
		}
		f.plan.Outputs = append(f.plan.Outputs, o)
	}
	return true
}

// output is the value of n in a group.
func (f *folding) output(n *pg_query.Node) (fold.Output, bool) {
	if c := n.GetCoalesceExpr(); c != nil && len(c.Args) == 2 {
		return f.instead(n, c.Args[0], c.Args[1])
	}
	o := fold.Output{Type: f.typeOf(n), Counts: -1, Twin: -1}
	if n.GetAConst() == nil {
		if at := f.place[f.key(n)]; at > 0 && f.plan.Columns[at-1].Op == fold.Key {
			o.Column = at - 1
			return o, true
		}
	}
	if call := n.GetFuncCall(); call != nil && f.isAggregate(call) {
		return o, f.aggregate(call, &o)
	}
	return o, false
}

// instead is coalesce(n, number), of n's type: a type that the number would
// widen is left to PostgreSQL, and so is what it prints.
func (f *folding) instead(all, n, number *pg_query.Node) (fold.Output, bool) {
	o, ok := f.output(n)
	value, whole := wholeConstant(number)
	if !ok || !whole || o.Otherwise || f.typeOf(all) != o.Type || !isInt(o.Type) && o.Type != oidNumeric {
		return o, false
	}
	o.Otherwise, o.Instead = true, value
	return o, true
}

func wholeConstant(n *pg_query.Node) (int64, bool) {
	switch v := n.GetAConst().GetVal().(type) {
	case *pg_query.A_Const_Ival:
		return int64(v.Ival.Ival), true
	case *pg_query.A_Const_Fval:
		return wholeNumber(v.Fval.Fval)
	}
	return 0, false
}

// aggregate sends the parts of an aggregate, as grouping.aggregate does.
func (f *folding) aggregate(call *pg_query.FuncCall, o *fold.Output) bool {
	own, _ := f.scope.Aggregate(names(call.Funcname))
	whole := wrapCall(call)
	if call.AggWithinGroup || len(call.AggOrder) > 0 || call.FuncVariadic || call.AggDistinct || f.volatile(whole) || hasSelect(whole) {
		return false
	}
	if own == "count" && len(call.Args) <= 1 {
		o.Column = f.send(whole, fold.Count, oidInt8)
		return true
	}
	if len(call.Args) != 1 {
		return false
	}
	arg := call.Args[0]
	t := f.typeOf(arg)
	summed := isInt(t) || t == oidNumeric
	switch {
	case own == "min" && fold.Compares(t, f.byteOrder(arg)):
		o.Column = f.send(whole, fold.Min, o.Type)
	case own == "max" && fold.Compares(t, f.byteOrder(arg)):
		o.Column = f.send(whole, fold.Max, o.Type)
	case (own == "bool_and" || own == "every") && t == oidBool:
		o.Column = f.send(whole, fold.And, oidBool)
	case own == "bool_or" && t == oidBool:
		o.Column = f.send(whole, fold.Or, oidBool)
	case own == "sum" && summed:
		o.Column = f.send(whole, fold.Sum, o.Type)
	case own == "avg" && summed:
		o.Column = f.send(over("sum({0})", call), fold.Sum, aggregateType("sum", t))
		o.Counts = f.send(over("count({0})", call), fold.Count, oidInt8)
	default:
		return false
	}
	return true
}
