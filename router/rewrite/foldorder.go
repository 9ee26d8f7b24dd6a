package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/shards/fold"
)

// ordered finds what the rows are ordered by among the outputs, or adds it.
func (f *folding) ordered() bool {
	for _, it := range f.order {
		at := it.at
		if at < 0 {
			at = f.hiddenOutput(it.expr)
		}
		if at < 0 || it.sort.SortbyDir == pg_query.SortByDir_SORTBY_USING {
			return false
		}
		// The order of text is that of bytes alone; an aggregate of text is
		// only there if that is its collation.
		if f.plan.Columns[f.plan.Outputs[at].Column].Op == fold.Key && !f.merges(it.expr) {
			return false
		}
		k := sortKey(it.sort)
		f.plan.Order = append(f.plan.Order, fold.Sort{Output: at, Desc: k.Desc, NullsFirst: k.NullsFirst})
	}
	return true
}

// hiddenOutput is the place of n among the outputs, where it is put unless it
// is there, or -1.
func (f *folding) hiddenOutput(n *pg_query.Node) int {
	key := f.key(n)
	for i, t := range f.targets {
		if f.key(t.expr) == key {
			return i
		}
	}
	o, ok := f.output(n)
	if !ok {
		return -1
	}
	f.plan.Outputs = append(f.plan.Outputs, o)
	f.plan.Hidden++
	return len(f.plan.Outputs) - 1
}

var compares = map[string]fold.Compare{
	"=": fold.Equal, "<>": fold.NotEqual, "<": fold.Less, "<=": fold.LessOrEqual, ">": fold.Greater, ">=": fold.GreaterOrEqual,
}

// turned are the operators by which b compares with a where a does with b.
var turned = [...]fold.Compare{
	fold.Equal: fold.Equal, fold.NotEqual: fold.NotEqual, fold.Less: fold.Greater, fold.LessOrEqual: fold.GreaterOrEqual,
	fold.Greater: fold.Less, fold.GreaterOrEqual: fold.LessOrEqual,
}

// having takes comparisons of numbers with constants.
func (f *folding) having(n *pg_query.Node) bool {
	if n == nil {
		return true
	}
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg_query.BoolExprType_AND_EXPR {
		for _, part := range b.Args {
			if !f.having(part) {
				return false
			}
		}
		return true
	}
	e := n.GetAExpr()
	if e == nil || e.Kind != pg_query.A_Expr_Kind_AEXPR_OP || len(e.Name) != 1 || e.Lexpr == nil {
		return false
	}
	is, known := compares[lastName(e.Name)]
	than, whole := wholeConstant(e.Rexpr)
	value := e.Lexpr
	if !whole {
		than, whole = wholeConstant(e.Lexpr)
		value, is = e.Rexpr, turned[is]
	}
	if !known || !whole {
		return false
	}
	at := f.hiddenOutput(value)
	if at < 0 || !isInt(f.plan.Outputs[at].Type) && f.plan.Outputs[at].Type != oidNumeric {
		return false
	}
	f.plan.Having = append(f.plan.Having, fold.Condition{Output: at, Is: is, Than: than})
	return true
}
