package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// contains reports whether test holds for a message at or below one of list,
// SELECTs inside left out.
func contains(list []*pg_query.Node, test func(proto.Message) bool) (found bool) {
	for _, n := range list {
		if n == nil {
			continue
		}
		rewrite.Walk(n, func(m proto.Message) bool {
			if _, inner := m.(*pg_query.SelectStmt); inner || found {
				return false
			}
			found = found || test(m)
			return !found
		})
	}
	return found
}

// names are the parts of a qualified name.
func names(list []*pg_query.Node) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.GetString_().GetSval()
	}
	return out
}

// split is a qualified name's schema, if it has one, and its last part.
func split(list []*pg_query.Node) (schema, name string) {
	parts := names(list)
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	if len(parts) > 0 {
		name = parts[len(parts)-1]
	}
	return schema, name
}

// conjuncts flattens AND.
func conjuncts(n *pg_query.Node) []*pg_query.Node {
	if n == nil {
		return nil
	}
	if e := n.GetBoolExpr(); e != nil && e.Boolop == pg_query.BoolExprType_AND_EXPR {
		var all []*pg_query.Node
		for _, arg := range e.Args {
			all = append(all, conjuncts(arg)...)
		}
		return all
	}
	return []*pg_query.Node{n}
}

// operator is the name of a plain binary operator of PostgreSQL's own, or "".
func operator(e *pg_query.A_Expr) string {
	if len(e.GetName()) == 1 && e.Lexpr != nil && e.Rexpr != nil {
		return e.Name[0].GetString_().GetSval()
	}
	if len(e.GetName()) == 2 && e.Name[0].GetString_().GetSval() == "pg_catalog" {
		return e.Name[1].GetString_().GetSval()
	}
	return ""
}

func highestParam(m proto.Message) (most int) {
	rewrite.Walk(m, func(m proto.Message) bool {
		if p, ok := m.(*pg_query.ParamRef); ok {
			most = max(most, int(p.Number))
		}
		return true
	})
	return most
}

// deparse prints one statement, as it was meant.
func deparse(n *pg_query.Node) (string, *refusal) {
	sql, err := rewrite.Print(n)
	if err != nil {
		return "", refusef("", "the statement cannot be written anew for several shards")
	}
	return sql, nil
}
