package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// comparison is key < v and the like, or key BETWEEN a AND b; nil for others.
func (f *finder) comparison(c condAt) *program {
	e := c.expr.GetAExpr()
	if e == nil || len(f.keys) != 1 {
		return nil
	}
	p := &program{op: opRange, set: f.all, table: f.it.table}
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN:
		limits := e.Rexpr.GetList().GetItems()
		if len(limits) != 2 {
			return nil
		}
		p.lo, p.hi = f.bound(c, e.Lexpr, limits[0], true), f.bound(c, e.Lexpr, limits[1], true)
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if op := operator(e); op != "" {
			f.compare(c, p, op, e)
		}
	}
	if p.lo == nil && p.hi == nil {
		return nil
	}
	return p
}

var mirrored = map[string]string{"<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (f *finder) compare(c condAt, p *program, op string, e *pg_query.A_Expr) {
	if mirrored[op] == "" {
		return
	}
	col, v := e.Lexpr, e.Rexpr
	if i, _ := f.keyColumn(c, col); i < 0 {
		col, v, op = v, col, mirrored[op]
	}
	b := f.bound(c, col, v, op == "<=" || op == ">=")
	if op[0] == '<' {
		p.hi = b
	} else {
		p.lo = b
	}
}

// bound is a limit of the key; nil if n is not the key, or v no constant. Texts
// have an order that the map knows only in collation C.
func (f *finder) bound(c condAt, n, v *pg_query.Node, inclusive bool) *bound {
	i, typ := f.keyColumn(c, n)
	one, ok := readValue(v)
	if i < 0 || !ok || typ.IsText() && !f.sortsByBytes(c, n) {
		return nil
	}
	return &bound{key{value: one, typ: typ}, inclusive}
}

func (f *finder) sortsByBytes(c condAt, n *pg_query.Node) bool {
	attr := f.s.cols[c.cond.resolve(n)].attr
	if t, _ := f.s.p.keyType(attr); t == shardfunc.Bpchar {
		return false
	}
	return attr.Collation == catalog.CLike || attr.Collation == catalog.DefaultCollation && f.s.p.snapshot.DefaultCollationC
}

// narrow makes one range of a lower and an upper bound: few keys between them
// can be counted out.
func (f *finder) narrow(list []*program) (out []*program) {
	var lo, hi *program
	for _, p := range list {
		switch {
		case p.lo != nil && p.hi == nil && lo == nil:
			lo = p
		case p.hi != nil && p.lo == nil && hi == nil:
			hi = p
		default:
			out = append(out, p)
		}
	}
	switch {
	case lo != nil && hi != nil:
		both := *lo
		both.hi = hi.hi
		out = append(out, &both)
	case lo != nil:
		out = append(out, lo)
	case hi != nil:
		out = append(out, hi)
	}
	return out
}
