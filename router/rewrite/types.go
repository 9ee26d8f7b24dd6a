package rewrite

import pg_query "github.com/pganalyze/pg_query_go/v5"

// OIDs of PostgreSQL's own types (src/include/catalog/pg_type.dat).
const (
	oidBool        = 16
	oidBytea       = 17
	oidName        = 19
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidOid         = 26
	oidFloat4      = 700
	oidFloat8      = 701
	oidMoney       = 790
	oidBpchar      = 1042
	oidVarchar     = 1043
	oidDate        = 1082
	oidTimestamp   = 1114
	oidTimestamptz = 1184
	oidInterval    = 1186
	oidNumeric     = 1700
	oidUUID        = 2950
)

// typeNames are the types that a cast may name; the grammar has turned the
// standard's spellings into these.
var typeNames = map[string]uint32{
	"bool": oidBool, "bytea": oidBytea, "name": oidName, "int8": oidInt8, "int2": oidInt2, "int4": oidInt4, "text": oidText, "oid": oidOid,
	"float4": oidFloat4, "float8": oidFloat8, "money": oidMoney, "bpchar": oidBpchar, "varchar": oidVarchar, "date": oidDate,
	"timestamp": oidTimestamp, "timestamptz": oidTimestamptz, "interval": oidInterval, "numeric": oidNumeric, "uuid": oidUUID,
}

// typeOf is the type of an expression where it is certain, or 0. The list of
// what is certain is closed.
func (b *block) typeOf(n *pg_query.Node) uint32 {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		if c, ok := b.scope.Column(n.ColumnRef, b.stmt); ok && !isStar(n.ColumnRef) {
			return c.TypeOID
		}
	case *pg_query.Node_AConst:
		return constantType(n.AConst)
	case *pg_query.Node_TypeCast:
		return castType(n.TypeCast.TypeName)
	case *pg_query.Node_CollateClause:
		return b.typeOf(n.CollateClause.Arg)
	case *pg_query.Node_BoolExpr, *pg_query.Node_NullTest, *pg_query.Node_BooleanTest:
		return oidBool
	case *pg_query.Node_AExpr:
		return b.operatorType(n.AExpr)
	case *pg_query.Node_FuncCall:
		return b.functionType(n.FuncCall)
	case *pg_query.Node_CoalesceExpr:
		return b.commonType(n.CoalesceExpr.Args)
	case *pg_query.Node_MinMaxExpr:
		return b.commonType(n.MinMaxExpr.Args)
	case *pg_query.Node_CaseExpr:
		results := []*pg_query.Node{}
		if n.CaseExpr.Defresult != nil {
			results = append(results, n.CaseExpr.Defresult)
		}
		for _, w := range n.CaseExpr.Args {
			results = append(results, w.GetCaseWhen().Result)
		}
		return b.commonType(results)
	case *pg_query.Node_SubLink:
		if n.SubLink.SubLinkType == pg_query.SubLinkType_EXISTS_SUBLINK {
			return oidBool
		}
		if inner, expr := b.scalar(n.SubLink); inner != nil {
			return inner.typeOf(expr)
		}
	}
	return 0
}

// scalar is the block of a sub-query that stands for one value, and the
// value; nil if it is of another kind.
func (b *block) scalar(s *pg_query.SubLink) (*block, *pg_query.Node) {
	q := s.Subselect.GetSelectStmt()
	if s.SubLinkType != pg_query.SubLinkType_EXPR_SUBLINK || q == nil || q.Op != pg_query.SetOperation_SETOP_NONE || len(q.TargetList) != 1 {
		return nil, nil
	}
	expr := q.TargetList[0].GetResTarget().Val
	if isStar(expr.GetColumnRef()) || isUntyped(expr) {
		return nil, nil
	}
	return &block{stmt: q, scope: b.scope}, expr
}

func constantType(c *pg_query.A_Const) uint32 {
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Ival:
		return oidInt4
	case *pg_query.A_Const_Boolval:
		return oidBool
	case *pg_query.A_Const_Fval:
		if _, ok := wholeNumber(v.Fval.Fval); ok {
			return oidInt8
		}
		return oidNumeric
	}
	return 0
}

// castType is the type that a cast names, if it is PostgreSQL's own.
func castType(t *pg_query.TypeName) uint32 {
	if t == nil || t.Setof || t.PctType || len(t.ArrayBounds) > 0 {
		return 0
	}
	parts := names(t.Names)
	if len(parts) == 1 || len(parts) == 2 && parts[0] == "pg_catalog" {
		return typeNames[parts[len(parts)-1]]
	}
	return 0
}

// isUntyped reports whether n takes the type of what stands beside it.
func isUntyped(n *pg_query.Node) bool {
	c := n.GetAConst()
	if c == nil {
		return false
	}
	_, text := c.Val.(*pg_query.A_Const_Sval)
	return text || c.Isnull
}
