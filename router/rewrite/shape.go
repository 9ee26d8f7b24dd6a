package rewrite

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// shape is what a column loses on its way through an array: its type
// modifier and its collation. The combine query gives them back.
type shape struct {
	cast    string // "" if there is no modifier
	collate string // "" for the type's default
	asText  bool   // it travels as text and is cast back: arrays have no arrays
}

// shapeOf returns the shape of an expression, or false if it is not certain.
func (b *block) shapeOf(n *pg_query.Node) (shape, bool) {
	if ref := n.GetColumnRef(); ref != nil {
		return b.columnShape(ref)
	}
	var s shape
	if c := n.GetTypeCast(); c != nil && TableName(c) != nil {
		return s, true
	}
	if c := n.GetCollateClause(); c != nil {
		inner, ok := b.shapeOf(c.Arg)
		if !ok || inner.asText {
			return s, false
		}
		s.cast, s.collate = inner.cast, quoteAll(names(c.Collname))
		return s, true
	}
	if l := n.GetSubLink(); l != nil {
		if l.SubLinkType == pg_query.SubLinkType_EXISTS_SUBLINK {
			return s, true
		}
		inner, expr := b.scalar(l)
		if inner == nil {
			return s, false
		}
		return inner.shapeOf(expr)
	}
	if collate := b.foldedCollation(n.GetFuncCall()); collate != "" {
		return shape{collate: collate}, true
	}
	if !b.plainCollation(n) {
		return s, false
	}
	switch kind := n.GetNode().(type) {
	case *pg_query.Node_TypeCast:
		return castShape(kind.TypeCast.TypeName)
	case *pg_query.Node_FuncCall, *pg_query.Node_BoolExpr, *pg_query.Node_NullTest, *pg_query.Node_BooleanTest, *pg_query.Node_AConst:
		return s, true // results of functions have no modifier
	case *pg_query.Node_AExpr:
		return s, kind.AExpr.Kind != pg_query.A_Expr_Kind_AEXPR_NULLIF || b.noModifiers(kind.AExpr.Lexpr)
	case *pg_query.Node_CaseExpr, *pg_query.Node_CoalesceExpr, *pg_query.Node_MinMaxExpr:
		return s, b.noModifiers(n)
	}
	return s, false
}

// foldedCollation is that of lower(c) and upper(c), which is the column's.
func (b *block) foldedCollation(f *pg_query.FuncCall) string {
	if f == nil || len(f.Args) != 1 || f.Args[0].GetColumnRef() == nil || b.isAggregate(f) || f.Over != nil || b.functionType(f) != oidText {
		return ""
	}
	if name := lastName(f.Funcname); name != "lower" && name != "upper" {
		return ""
	}
	if c, ok := b.scope.Column(f.Args[0].GetColumnRef(), b.stmt); ok && !c.DefaultCollation {
		return c.Collation
	}
	return ""
}

func (b *block) columnShape(ref *pg_query.ColumnRef) (shape, bool) {
	c, ok := b.scope.Column(ref, b.stmt)
	if !ok || isStar(ref) {
		return shape{}, false
	}
	return c.shape()
}

func (c *Column) shape() (shape, bool) {
	if c.TypeOID == 0 {
		return shape{}, false
	}
	if strings.HasSuffix(c.Type, "[]") {
		return shape{cast: c.Type, asText: true}, travelsAsText[strings.TrimSuffix(c.Type, "[]")] && c.DefaultCollation
	}
	s := shape{}
	if c.Typmod >= 0 {
		s.cast = c.Type
	}
	if !c.DefaultCollation {
		s.collate = c.Collation
	}
	return s, (c.DefaultCollation || c.Collation != "") && (c.Typmod < 0 || c.Type != "")
}

// travelsAsText are types of elements whose text is the same whatever the
// session's settings are.
var travelsAsText = map[string]bool{
	"smallint": true, "integer": true, "bigint": true, "numeric": true, "boolean": true, "text": true, "character varying": true, "uuid": true,
}

func castShape(t *pg_query.TypeName) (shape, bool) {
	if len(t.ArrayBounds) > 0 || t.Setof || t.PctType {
		return shape{}, false
	}
	if len(t.Typmods) > 0 {
		text, ok := typeText(t)
		return shape{cast: text}, ok
	}
	switch castType(t) {
	case 0:
		return shape{}, false // a domain may have a modifier or a collation
	case oidBpchar:
		return shape{}, lastName(t.Names) == "bpchar" && len(t.Names) == 1
	}
	return shape{}, true
}

// typeText prints a type's name.
func typeText(t *pg_query.TypeName) (string, bool) {
	cast := &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{Arg: nullConstant(), TypeName: clone(t)}}}
	text, no := printSelect(&pg_query.SelectStmt{TargetList: []*pg_query.Node{unnamed(cast)}, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE})
	name, ok := strings.CutPrefix(text, "SELECT NULL::")
	return name, no == nil && ok
}

func nullConstant() *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_AConst{AConst: &pg_query.A_Const{Isnull: true}}}
}

// plainCollation reports whether all that n is made of has the default
// collation, so that n has it too, if it has any.
func (b *block) plainCollation(n *pg_query.Node) bool {
	plain := true
	Walk(n, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.CollateClause, *pg_query.SelectStmt, *pg_query.XmlExpr, *pg_query.SQLValueFunction:
			plain = false
		case *pg_query.TypeCast:
			t := castType(m.TypeName)
			plain = plain && t != 0 && t != oidName
		case *pg_query.ColumnRef:
			c, ok := b.scope.Column(m, b.stmt)
			plain = plain && ok && !isStar(m) && c.TypeOID != 0 && c.DefaultCollation
		}
		return plain
	})
	return plain
}

// noModifiers reports whether nothing in n has a type modifier.
func (b *block) noModifiers(n *pg_query.Node) bool {
	none := true
	Walk(n, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.SelectStmt, *pg_query.SQLValueFunction:
			none = false
		case *pg_query.TypeCast:
			none = none && len(m.TypeName.Typmods) == 0 && castType(m.TypeName) != 0 && castType(m.TypeName) != oidBpchar
		case *pg_query.ColumnRef:
			c, ok := b.scope.Column(m, b.stmt)
			none = none && ok && !isStar(m) && c.TypeOID != 0 && c.Typmod < 0
		}
		return none
	})
	return none
}

// quoteAll writes a qualified name as SQL.
func quoteAll(parts []string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
	}
	return strings.Join(quoted, ".")
}
