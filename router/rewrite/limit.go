package rewrite

import (
	"fmt"
	"math"
	"strconv"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// count reads LIMIT or OFFSET; ok is false for an expression.
func count(n *pg_query.Node) (c plan.Count, ok bool) {
	if n == nil {
		return c, true
	}
	if t := n.GetTypeCast(); t != nil && isInt(castType(t.TypeName)) {
		n = t.Arg
	}
	if p := n.GetParamRef(); p != nil {
		return plan.Count{Set: true, Arg: int(p.Number)}, true
	}
	a := n.GetAConst()
	if a == nil {
		return c, false
	}
	if a.Isnull {
		return c, true
	}
	switch v := a.Val.(type) {
	case *pg_query.A_Const_Ival:
		return plan.Count{Set: true, Value: int64(v.Ival.Ival)}, true
	case *pg_query.A_Const_Fval:
		c.Value, c.Set = wholeNumber(v.Fval.Fval)
		return c, c.Set
	}
	return c, false
}

// wholeNumber reads what the grammar takes for no int4.
func wholeNumber(s string) (int64, bool) {
	v, err := strconv.ParseInt(s, 10, 64)
	return v, err == nil
}

// legLimit is how many rows of one shard can be among the answer's; nil means
// any number. What it is for a negative count does not matter.
func legLimit(limit, offset plan.Count) *pg_query.Node {
	switch {
	case !limit.Set:
		return nil
	case !offset.Set || offset.Arg == 0 && offset.Value <= 0:
		return expression(countSQL(limit))
	case limit.Arg == 0 && offset.Arg == 0:
		if limit.Value > math.MaxInt64-offset.Value {
			return nil
		}
		return expression(countSQL(plan.Count{Value: limit.Value + offset.Value}))
	}
	skip := countSQL(offset)
	if offset.Arg > 0 {
		skip = "greatest(coalesce(" + skip + ", 0), 0)"
	}
	// The sum must not overflow: huge limits are a way to say no limit.
	return expression(fmt.Sprintf("CASE WHEN %[1]s <= %[2]d - %[3]s THEN %[1]s + %[3]s END", countSQL(limit), math.MaxInt64, skip))
}

func countSQL(c plan.Count) string {
	if c.Arg > 0 {
		return fmt.Sprintf("$%d::int8", c.Arg)
	}
	return strconv.FormatInt(c.Value, 10)
}
