package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// finder computes the set of shards of one item.
type finder struct {
	s       *statement
	it      *item
	classes *classes
	keys    []colID // of the sharding key
	all     shards.Set
}

// fixed are the values that columns of the key are known to have.
type fixed []*key

// setOf is the program for the shards whose rows of it matter.
func (s *statement) setOf(it *item) *program {
	all := s.p.shardMap.Holders(it.table)
	if it.table.Kind != shards.Sharded {
		return constant(all)
	}
	f := &finder{s: s, it: it, classes: s.classes(it.level, nil), all: all}
	for _, name := range it.table.Keys {
		f.keys = append(f.keys, it.columnID(name))
	}
	if slices.Contains(f.keys, 0) {
		return constant(all)
	}
	var exprs []condAt
	for l := it.level; l != nil; l = l.up {
		for _, c := range l.conds {
			exprs = append(exprs, condAt{c, c.expr})
		}
	}
	return f.conjunction(exprs, make(fixed, len(f.keys)))
}

// columnID is the item's column that the catalog calls name.
func (it *item) columnID(name string) colID {
	for _, id := range it.ids {
		if id != 0 && it.block.s.cols[id].attr != nil && it.block.s.cols[id].attr.Name == name {
			return id
		}
	}
	return 0
}

// condAt is a part of a condition.
type condAt struct {
	cond *cond
	expr *pg_query.Node
}

// conjunction intersects what all of list say. known are values of the key
// that hold besides.
func (f *finder) conjunction(list []condAt, known fixed) *program {
	known = slices.Clone(known)
	var out []*program
	var ranges []*program
	for _, c := range list {
		for i, k := range f.equalities(c) {
			if k != nil {
				known[i] = k
				if p := f.key(known); p != nil {
					out = append(out, p)
				}
			}
		}
	}
	for _, c := range list {
		if r := f.comparison(c); r != nil {
			ranges = append(ranges, r)
			continue
		}
		out = append(out, f.other(c, known))
	}
	return and(f.all, append(out, f.narrow(ranges)...)...)
}

// key is the program for a key of which all columns are known, or nil.
func (f *finder) key(known fixed) *program {
	p := &program{op: opKey, set: f.all, table: f.it.table}
	for _, k := range known {
		if k == nil {
			return nil
		}
		p.keys = append(p.keys, *k)
	}
	return p
}

// keyColumn is which column of the key n is, or is equal to; typ is its own
// type.
func (f *finder) keyColumn(c condAt, n *pg_query.Node) (i int, typ shardfunc.Type) {
	id := c.cond.resolve(n)
	if id == 0 {
		return -1, 0
	}
	for i, k := range f.keys {
		if f.classes.same(id, k) {
			if typ, ok := f.s.keyType(id); ok {
				return i, typ
			}
		}
	}
	return -1, 0
}

// equalities are the values that c gives to columns of the key.
func (f *finder) equalities(c condAt) fixed {
	out := make(fixed, len(f.keys))
	e := c.expr.GetAExpr()
	if e == nil || operator(e) != "=" {
		return out
	}
	distinct := e.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT
	if e.Kind != pg_query.A_Expr_Kind_AEXPR_OP && !distinct {
		return out
	}
	left, right := rowOf(e.Lexpr), rowOf(e.Rexpr)
	if len(left) != len(right) {
		return out
	}
	for n := range left {
		for _, pair := range [2][2]*pg_query.Node{{left[n], right[n]}, {right[n], left[n]}} {
			i, typ := f.keyColumn(c, pair[0])
			if i < 0 {
				continue
			}
			if v, ok := readValue(pair[1]); ok {
				// A NULL that may match says nothing, unless it is a row of the table itself.
				out[i] = &key{value: v, typ: typ, distinct: distinct && !f.own(c)}
			}
		}
	}
	return out
}

// own reports whether c stands where the item does: no outer join between
// them makes rows of NULLs, and no aggregate rows of nothing. A key is never
// NULL there.
func (f *finder) own(c condAt) bool { return c.cond.level == f.it.level }

// other is what a condition says that is no plain equality or comparison.
func (f *finder) other(c condAt, known fixed) *program {
	all := constant(f.all)
	switch n := c.expr.GetNode().(type) {
	case *pg_query.Node_BoolExpr:
		return f.boolean(c, n.BoolExpr, known)
	case *pg_query.Node_AConst:
		if f.own(c) && (n.AConst.Isnull || isFalse(n.AConst)) {
			return constant(0)
		}
	case *pg_query.Node_NullTest:
		i, _ := f.keyColumn(c, n.NullTest.Arg)
		if i >= 0 && n.NullTest.Nulltesttype == pg_query.NullTestType_IS_NULL && f.own(c) && f.notNull(i) {
			return constant(0)
		}
	case *pg_query.Node_AExpr:
		return f.list(c, n.AExpr, known)
	case *pg_query.Node_SubLink:
		return f.inValues(c, n.SubLink, known)
	}
	return all
}

func (f *finder) notNull(i int) bool {
	attr := f.s.cols[f.keys[i]].attr
	return attr != nil && attr.NotNull
}

func isFalse(c *pg_query.A_Const) bool {
	v, ok := c.Val.(*pg_query.A_Const_Boolval)
	return ok && !v.Boolval.GetBoolval()
}

func (f *finder) boolean(c condAt, e *pg_query.BoolExpr, known fixed) *program {
	var parts []*program
	switch e.Boolop {
	case pg_query.BoolExprType_OR_EXPR:
		for _, arg := range e.Args {
			parts = append(parts, f.conjunction(f.split(c, arg), known))
		}
		return or(f.all, parts...)
	case pg_query.BoolExprType_AND_EXPR:
		return f.conjunction(f.split(c, c.expr), known)
	}
	return constant(f.all)
}

func (f *finder) split(c condAt, n *pg_query.Node) (list []condAt) {
	for _, part := range conjuncts(n) {
		list = append(list, condAt{c.cond, part})
	}
	return list
}
