package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// nowSub asks one shard what time it is, for all.
func nowSub() plan.Sub {
	return plan.Sub{Kind: plan.SubScalar, Plan: &plan.Scatter{
		Legs: []plan.Leg{{Shards: shards.One(Lead), SQL: "SELECT now()"}}, Merge: &plan.Merge{}, Why: "the time of the transaction, once for all",
	}}
}

// valueTypes are what CURRENT_DATE and its like are casts of now() to.
var valueTypes = map[pg_query.SQLValueFunctionOp]string{
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE: "date", pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME: "timetz",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP: "timestamptz", pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME: "time",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP: "timestamp",
}

var valueNames = map[pg_query.SQLValueFunctionOp]string{
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_DATE: "current_date", pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIME: "current_time",
	pg_query.SQLValueFunctionOp_SVFOP_CURRENT_TIMESTAMP: "current_timestamp", pg_query.SQLValueFunctionOp_SVFOP_LOCALTIME: "localtime",
	pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP: "localtimestamp",
}

// freezeNow puts parameter n in the place of all that gives the time of the
// transaction, in tree itself. false: there is more of that kind than it knows.
func freezeNow(p *Planner, tree proto.Message, n int) bool {
	known := true
	rewrite.Walk(tree, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.ResTarget:
			if m.Name == "" {
				m.Name = nowName(m.Val)
			}
		case *pg_query.Node:
			if t := nowType(m); t != "" {
				m.Node = frozen(t, n).Node
				return false
			}
			if f := m.GetFuncCall(); f != nil && p.call(f).kind == callNow {
				known = false
			}
			if f := m.GetSqlvalueFunction(); f != nil && f.Op <= pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N {
				known = false
			}
		}
		return true
	})
	return known
}

// nowType is the type of n if it is the time of the transaction, or "".
func nowType(n *pg_query.Node) string {
	if f := n.GetFuncCall(); f != nil && len(f.Args) == 0 {
		if schema, name := split(f.Funcname); (schema == "" || schema == "pg_catalog") && (name == "now" || name == "transaction_timestamp") {
			return "timestamptz"
		}
	}
	if f := n.GetSqlvalueFunction(); f != nil && f.Typmod < 0 {
		return valueTypes[f.Op]
	}
	return ""
}

func frozen(typ string, n int) *pg_query.Node {
	node := cast(pg_query.MakeParamRefNode(int32(n), 0), "timestamptz") //nolint:gosec // few
	if typ != "timestamptz" {
		node = cast(node, typ)
	}
	return node
}

func cast(n *pg_query.Node, typ string) *pg_query.Node {
	return &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{Arg: n, TypeName: &pg_query.TypeName{
		Names: []*pg_query.Node{pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(typ)}, Typemod: -1,
	}}}}
}

// nowName is the name of a column that would lose it, as PostgreSQL's
// FigureColname gives it.
func nowName(n *pg_query.Node) string {
	switch {
	case n.GetSqlvalueFunction() != nil:
		return valueNames[n.GetSqlvalueFunction().Op]
	case nowType(n) != "":
		_, name := split(n.GetFuncCall().Funcname)
		return name
	case n.GetTypeCast() != nil:
		return nowName(n.GetTypeCast().Arg)
	case n.GetCollateClause() != nil:
		return nowName(n.GetCollateClause().Arg)
	case n.GetCaseExpr() != nil:
		return nowName(n.GetCaseExpr().Defresult)
	}
	return ""
}
