package shardplan

import (
	"bytes"
	"strings"
	"unicode/utf8"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// lifter finds the literals of a SELECT whose values do not matter to its
// plan: a constant that WHERE compares with a column, by itself or under AND,
// OR and NOT. Whatever else looks at constants (positions in GROUP BY and
// ORDER BY, LIMIT, HAVING with a fold, casts of 'now', WHERE 1 = 0) looks
// elsewhere; the shards of a sharding key's literal are for the second
// analysis to find.
type lifter struct {
	sql    string
	root   *block
	found  []sqlparse.Written // the text's literals
	places []literalPlace
	lifted int
	alike  bool
}

// literalClass is a set of literals that the grammar, and the types of what is
// around them, do not tell apart.
type literalClass uint8

const (
	classFixed   literalClass = iota // must be the same
	classWhole                       // up to nine digits: an int4
	classDecimal                     // digits with a point: a numeric
	classText                        // in plain quotes, with neither quotes nor backslashes inside
)

// maxDecimal is how long a decimal may be: as a float8 and as any type that is
// compared with one it is in range.
const maxDecimal = 18

func classOf(text []byte) literalClass {
	if inner, ok := unquote(text); ok {
		if strings.IndexByte(inner, '\\') < 0 && utf8.ValidString(inner) {
			return classText
		}
		return classFixed
	}
	whole, rest, point := bytes.Cut(text, []byte("."))
	switch {
	case !digits(whole):
	case !point && len(whole) <= 9:
		return classWhole
	case point && digits(rest) && len(text) <= maxDecimal:
		return classDecimal
	}
	return classFixed
}

func digits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0
}

// lift is nil if sql has no such literal.
func (p *Planner) lift(sql string, searchPath []string) *lifter {
	tree, err := sqlparse.Tree(sql)
	if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
		return nil
	}
	found, ok := sqlparse.Literals(nil, []byte(sql))
	if !ok || len(found) > maxLifted {
		return nil
	}
	stmt := tree.Stmts[0].Stmt.GetSelectStmt()
	_, root := p.bound(stmt, searchPath)
	l := &lifter{sql: sql, root: root, found: found, alike: true}
	for _, w := range found {
		l.places = append(l.places, literalPlace{text: sql[w.From:w.To]})
	}
	l.condition(stmt.WhereClause)
	if l.lifted == 0 {
		return nil
	}
	return l
}

func (l *lifter) condition(n *pg_query.Node) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_BoolExpr:
		for _, arg := range n.BoolExpr.Args {
			l.condition(arg)
		}
	case *pg_query.Node_AExpr:
		l.comparison(n.AExpr)
	}
}

func (l *lifter) comparison(e *pg_query.A_Expr) {
	column, values := e.Lexpr, []*pg_query.Node{e.Rexpr}
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
		if !comparisons[operator(e)] {
			return
		}
		if column.GetColumnRef() == nil {
			column, values = e.Rexpr, []*pg_query.Node{e.Lexpr}
		}
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN:
		values = e.Rexpr.GetList().GetItems()
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE:
	default:
		return
	}
	if ref := column.GetColumnRef(); ref != nil {
		for _, v := range values {
			l.constant(v.GetAConst(), ref)
		}
	}
}

// constant lifts c, which is compared with the column ref.
func (l *lifter) constant(c *pg_query.A_Const, ref *pg_query.ColumnRef) {
	i := l.at(int(c.GetLocation()))
	if i < 0 {
		return
	}
	class := classOf([]byte(l.places[i].text))
	switch c.Val.(type) {
	case *pg_query.A_Const_Ival:
		if class != classWhole {
			return
		}
	case *pg_query.A_Const_Fval:
		if class != classDecimal {
			return
		}
	case *pg_query.A_Const_Sval:
		if class != classText {
			return
		}
		l.alike = l.alike && l.isText(ref)
	default:
		return
	}
	l.places[i] = literalPlace{class: class}
	l.lifted++
}

// at is the number of the literal that a constant at byte at is: behind its
// sign, if it has one. -1: it is none.
func (l *lifter) at(at int) int {
	if at <= 0 || at >= len(l.sql) {
		return -1
	}
	if l.sql[at] == '-' {
		at += 1 + len(l.sql[at+1:]) - len(strings.TrimLeft(l.sql[at+1:], " \t\r\n"))
	}
	for i, w := range l.found {
		if w.From == at {
			return i
		}
	}
	return -1
}

// textTypes are text, varchar and char (pg_type.dat): whatever is in quotes is
// one of theirs, which is not so for a date.
var textTypes = map[uint32]bool{25: true, 1043: true, 1042: true}

func (l *lifter) isText(ref *pg_query.ColumnRef) bool {
	attr := l.root.s.cols[l.root.resolve(ref, 0, len(l.root.items))].attr
	return attr != nil && textTypes[attr.TypeOID]
}

// marked is the text with stand-ins.
func (l *lifter) marked() string {
	var b strings.Builder
	from := 0
	for i, w := range l.found {
		if p := l.places[i]; p.class != classFixed {
			b.WriteString(l.sql[from:w.From])
			b.WriteString(standIn(p.class, i))
			from = w.To
		}
	}
	b.WriteString(l.sql[from:])
	return b.String()
}
