package rewrite

import pg_query "github.com/pganalyze/pg_query_go/v5"

// noName is what PostgreSQL calls a column that has no name.
const noName = "?column?"

// secretName stands for a name that only PostgreSQL knows.
const secretName = "\x00"

// outputName is the name of an output column, by the rules of PostgreSQL's
// FigureColname.
func outputName(t *pg_query.ResTarget) string {
	if t.Name != "" {
		return t.Name
	}
	if name, _ := figure(t.Val); name != "" {
		return name
	}
	return noName
}

// figure also says how good the name is: 0 none, 1 a guess that something
// inside may better, 2 sure.
func figure(n *pg_query.Node) (string, int) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		return sure(lastName(n.ColumnRef.Fields))
	case *pg_query.Node_AIndirection:
		if s := lastName(n.AIndirection.Indirection); s != "" {
			return s, 2
		}
		return figure(n.AIndirection.Arg)
	case *pg_query.Node_FuncCall:
		return sure(lastName(n.FuncCall.Funcname))
	case *pg_query.Node_AExpr:
		if n.AExpr.Kind == pg_query.A_Expr_Kind_AEXPR_NULLIF {
			return "nullif", 2
		}
	case *pg_query.Node_TypeCast:
		return orElse(n.TypeCast.Arg, lastName(n.TypeCast.TypeName.Names))
	case *pg_query.Node_CollateClause:
		return figure(n.CollateClause.Arg)
	case *pg_query.Node_CaseExpr:
		return orElse(n.CaseExpr.Defresult, "case")
	case *pg_query.Node_GroupingFunc:
		return "grouping", 2
	case *pg_query.Node_AArrayExpr:
		return "array", 2
	case *pg_query.Node_RowExpr:
		return "row", 2
	case *pg_query.Node_CoalesceExpr:
		return "coalesce", 2
	case *pg_query.Node_MinMaxExpr:
		if n.MinMaxExpr.Op == pg_query.MinMaxOp_IS_LEAST {
			return "least", 2
		}
		return "greatest", 2
	case *pg_query.Node_SubLink:
		return figureSubLink(n.SubLink)
	case *pg_query.Node_SqlvalueFunction:
		return sure(valueFunctions[n.SqlvalueFunction.Op])
	case *pg_query.Node_XmlExpr:
		return sure(xmlNames[n.XmlExpr.Op])
	case *pg_query.Node_XmlSerialize:
		return "xmlserialize", 2
	}
	return "", 0
}

func sure(name string) (string, int) {
	if name == "" {
		return "", 0
	}
	return name, 2
}

// orElse names a thing after what is inside it, or else name.
func orElse(inside *pg_query.Node, name string) (string, int) {
	if s, strength := figure(inside); strength == 2 {
		return s, 2
	}
	return name, 1
}

func figureSubLink(s *pg_query.SubLink) (string, int) {
	switch s.SubLinkType {
	case pg_query.SubLinkType_EXISTS_SUBLINK:
		return "exists", 2
	case pg_query.SubLinkType_ARRAY_SUBLINK:
		return "array", 2
	case pg_query.SubLinkType_EXPR_SUBLINK:
		q := s.Subselect.GetSelectStmt()
		for q.GetLarg() != nil {
			q = q.Larg
		}
		if len(q.GetTargetList()) > 0 {
			if isStar(q.TargetList[0].GetResTarget().Val.GetColumnRef()) {
				return secretName, 2
			}
			return outputName(q.TargetList[0].GetResTarget()), 2
		}
		if len(q.GetValuesLists()) > 0 {
			return "column1", 2
		}
	}
	return "", 0
}

// lastName is the last name in a list that may hold stars and subscripts.
func lastName(list []*pg_query.Node) string {
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i].GetString_(); s != nil {
			return s.Sval
		}
	}
	return ""
}

var valueFunctions = map[pg_query.SQLValueFunctionOp]string{
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE:        "current_date",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME:        "current_time",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME_N:      "current_time",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP:   "current_timestamp",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME:           "localtime",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME_N:         "localtime",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP:      "localtimestamp",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N:    "localtimestamp",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_ROLE:        "current_role",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_USER:        "current_user",
	pg_query.SQLValueFunctionOp_SVFOP_USER:                "user",
	pg_query.SQLValueFunctionOp_SVFOP_SESSION_USER:        "session_user",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_CATALOG:     "current_catalog",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_SCHEMA:      "current_schema",
}

var xmlNames = map[pg_query.XmlExprOp]string{
	pg_query.XmlExprOp_IS_XMLCONCAT:  "xmlconcat",
	pg_query.XmlExprOp_IS_XMLELEMENT: "xmlelement",
	pg_query.XmlExprOp_IS_XMLFOREST:  "xmlforest",
	pg_query.XmlExprOp_IS_XMLPARSE:   "xmlparse",
	pg_query.XmlExprOp_IS_XMLPI:      "xmlpi",
	pg_query.XmlExprOp_IS_XMLROOT:    "xmlroot",
}
