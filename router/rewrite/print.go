package rewrite

import (
	"errors"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Print prints one statement, and reads it again: what does not come back as
// the tree that was meant is an error, whoever is to blame.
func Print(n *pg_query.Node) (string, error) {
	text, err := sqlparse.Deparse(&pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: n}}})
	if err != nil {
		return "", errors.New("cannot be printed")
	}
	again, err := sqlparse.Tree(text)
	if err != nil || len(again.Stmts) != 1 || !Same(n, again.Stmts[0].Stmt) {
		return "", errors.New("cannot be printed exactly")
	}
	return text, nil
}

func printSelect(s *pg_query.SelectStmt) (string, *Refusal) {
	text, err := Print(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: s}})
	if err != nil {
		return "", refuse("an expression that "+err.Error(), "")
	}
	return text, nil
}

// printLeg prints s, whose parameters are the client's and which belongs to
// the leg alone, with the parameters numbered as the leg has them.
func printLeg(s *pg_query.SelectStmt) (plan.Leg, *Refusal) {
	args, no := renumber(s, 0)
	if no != nil {
		return plan.Leg{}, no
	}
	text, no := printSelect(s)
	l := plan.Leg{SQL: text, Args: args}
	if at := slices.IndexFunc(args, isSub); at >= 0 {
		for _, n := range args[at:] {
			l.Subs = append(l.Subs, n-subBase-1)
		}
		l.Args = args[:at:at]
	}
	return l, no
}

func isSub(arg int) bool { return arg > subBase }

// renumber counts the client's parameters that are used in s from first+1 on,
// and returns which they are.
func renumber(s *pg_query.SelectStmt, first int) ([]int, *Refusal) {
	var used []int
	var refs []*pg_query.ParamRef
	Walk(s, func(m proto.Message) bool {
		if p, ok := m.(*pg_query.ParamRef); ok {
			refs, used = append(refs, p), append(used, int(p.Number))
		}
		return true
	})
	slices.Sort(used)
	used = slices.Compact(used)
	if len(used) > 0 && used[0] <= 0 {
		return nil, never("a parameter without a number", "")
	}
	for _, p := range refs {
		at, _ := slices.BinarySearch(used, int(p.Number))
		p.Number = int32(first + at + 1)
	}
	return used, nil
}

// expression reads SQL that this package has written. In it, {0}, {1}, ..
// stand for parts.
func expression(sql string, parts ...*pg_query.Node) *pg_query.Node {
	for i := range parts {
		sql = strings.ReplaceAll(sql, "{"+string(rune('0'+i))+"}", `"\`+string(rune('0'+i))+`"`)
	}
	n := statement("SELECT " + sql).TargetList[0].GetResTarget().Val
	return rebuild(n, func(n *pg_query.Node) (*pg_query.Node, bool) {
		if ref := n.GetColumnRef(); ref != nil {
			if at, ok := strings.CutPrefix(lastName(ref.Fields), `\`); ok {
				return clone(parts[at[0]-'0']), true
			}
		}
		return nil, false
	})
}

// statement reads a SELECT that this package has written.
func statement(sql string) *pg_query.SelectStmt {
	tree, err := sqlparse.Tree(sql)
	if err != nil {
		panic("rewrite: its own SQL is not understood: " + sql)
	}
	return tree.Stmts[0].Stmt.GetSelectStmt()
}

func unnamed(n *pg_query.Node) *pg_query.Node { return pg_query.MakeResTargetNodeWithVal(n, 0) }

func named(name string, n *pg_query.Node) *pg_query.Node {
	return pg_query.MakeResTargetNodeWithNameAndVal(name, n, 0)
}
