package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// paramUse tells where parameters stand. One that the client gave no type has
// the type of where it is met first: it can be read as a key's only if it
// stands nowhere else than beside columns of one type.
type paramUse struct {
	total map[int]int
	typed map[int]map[shardfunc.Type]int
}

func (s *statement) countParams(m proto.Message) {
	s.params = paramUse{map[int]int{}, map[int]map[shardfunc.Type]int{}}
	rewrite.Walk(m, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.ParamRef:
			s.params.total[int(m.Number)]++
		case *pg_query.TypeCast:
			if t, ok := castType(m.TypeName); ok {
				s.params.at(m.Arg, t)
			}
		}
		return true
	})
}

// at notes that n, if it is a parameter, stands beside type t.
func (u *paramUse) at(n *pg_query.Node, t shardfunc.Type) {
	p := n.GetParamRef()
	if p == nil || u.typed == nil {
		return
	}
	if u.typed[int(p.Number)] == nil {
		u.typed[int(p.Number)] = map[shardfunc.Type]int{}
	}
	u.typed[int(p.Number)][t]++
}

// sure reports whether a parameter without a type is certainly of one.
func (u *paramUse) sure(n int) bool {
	if len(u.typed[n]) != 1 {
		return false
	}
	for _, times := range u.typed[n] {
		return times == u.total[n]
	}
	return false
}

// noteParams looks at the comparisons of a condition.
func (c *cond) noteParams() {
	u := &c.block.s.params
	rewrite.Walk(c.expr, func(m proto.Message) bool {
		if _, inner := m.(*pg_query.SelectStmt); inner {
			return false
		}
		e, ok := m.(*pg_query.A_Expr)
		if !ok {
			return true
		}
		left, right := rowOf(e.Lexpr), rowOf(e.Rexpr)
		if len(left) != len(right) {
			return true
		}
		for i := range left {
			for _, pair := range [2][2]*pg_query.Node{{left[i], right[i]}, {right[i], left[i]}} {
				t, ok := c.block.s.keyType(c.resolve(pair[0]))
				if !ok || !comparisons[operator(e)] {
					continue
				}
				switch e.Kind {
				case pg_query.A_Expr_Kind_AEXPR_OP, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
					u.at(pair[1], t)
				case pg_query.A_Expr_Kind_AEXPR_OP_ANY:
					u.at(pair[1], t+arrayOf)
				case pg_query.A_Expr_Kind_AEXPR_IN, pg_query.A_Expr_Kind_AEXPR_BETWEEN:
					c.noteList(pair[1], t)
				}
			}
		}
		return true
	})
}

// arrayOf is added to a type for arrays of it.
const arrayOf = 100

var comparisons = map[string]bool{"=": true, "<": true, "<=": true, ">": true, ">=": true, "<>": true, "BETWEEN": true}

// noteList: in a list of constants and parameters alone all have the column's
// type.
func (c *cond) noteList(list *pg_query.Node, t shardfunc.Type) {
	items := list.GetList().GetItems()
	for _, n := range items {
		if n.GetParamRef() == nil && n.GetAConst().GetSval() == nil {
			return
		}
	}
	for _, n := range items {
		c.block.s.params.at(n, t)
	}
}

// trust marks what can be read although the client did not say its type.
func (p *program) trust(s *statement) {
	for i := range p.keys {
		p.keys[i].trust(s)
	}
	p.list.trust(s)
	for _, b := range []*bound{p.lo, p.hi} {
		if b != nil {
			b.trust(s)
		}
	}
	for _, k := range p.kids {
		k.trust(s)
	}
}

func (v *value) trust(s *statement) { v.sure = v.kind == valueArg && s.params.sure(v.arg) }
