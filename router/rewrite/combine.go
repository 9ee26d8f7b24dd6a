package rewrite

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// combiner collects what a leg sends, and writes the combine query over it.
type combiner struct {
	*block
	sent   []*pg_query.Node // the leg's columns
	shapes []shape
	place  map[string]int // of expressions in sent, from 1
	no     *Refusal       // the first thing that could not be said
	gather bool
}

func newCombiner(b *block) *combiner { return &combiner{block: b, place: map[string]int{}} }

// send adds a column to the leg and returns its number, from 1.
func (c *combiner) send(n *pg_query.Node, s shape) int {
	n = clone(n)
	if s.asText {
		n = expression("{0}::text", n)
	}
	c.sent, c.shapes = append(c.sent, n), append(c.shapes, s)
	return len(c.sent)
}

// sendOnce is send for what may be sent already.
func (c *combiner) sendOnce(n *pg_query.Node, s shape) int {
	key := c.key(n)
	if c.place[key] == 0 {
		c.place[key] = c.send(n, s)
	}
	return c.place[key]
}

func sentColumn(i int) *pg_query.Node { return column("i0", fmt.Sprintf("c%d", i)) }

func (c *combiner) fail(no *Refusal) *pg_query.Node {
	if c.no == nil {
		c.no = no
	}
	return nullConstant()
}

// columns copies an expression for the combine query, which computes it from
// the columns that it reads.
func (c *combiner) columns(n *pg_query.Node) *pg_query.Node {
	return rebuild(n, func(n *pg_query.Node) (*pg_query.Node, bool) {
		switch n.GetNode().(type) {
		case *pg_query.Node_ColumnRef:
			s, ok := c.shapeOf(n)
			if !ok {
				return c.fail(refuse("a column whose type or collation is not known", "")), true
			}
			return sentColumn(c.sendOnce(n, s)), true
		case *pg_query.Node_SubLink:
			s, ok := c.shapeOf(n)
			if !ok {
				return c.fail(refuse("a sub-query inside an expression", "")), true
			}
			return sentColumn(c.send(n, s)), true
		}
		return nil, false
	})
}

// finish prints both queries. leg has no target list yet, out no FROM.
func (c *combiner) finish(leg, out *pg_query.SelectStmt) (*Result, *Refusal) {
	if c.no != nil {
		return nil, c.no
	}
	if len(c.sent) == 0 {
		c.send(expression("1"), shape{})
	}
	for _, n := range c.sent {
		leg.TargetList = append(leg.TargetList, unnamed(n))
	}
	return c.finishOver(leg, out)
}

// finishOver is finish for a leg that has its columns.
func (c *combiner) finishOver(leg, out *pg_query.SelectStmt) (*Result, *Refusal) {
	l, no := printLeg(leg)
	if no != nil {
		return nil, no
	}
	args, no := renumber(out, len(c.sent))
	if no != nil {
		return nil, no
	}
	if slices.ContainsFunc(args, isSub) {
		return nil, refuse("a sub-query beside an aggregate, or above UNION or DISTINCT", "")
	}
	from, no := c.source()
	if no != nil {
		return nil, no
	}
	out.FromClause = []*pg_query.Node{from}
	text, no := printSelect(out)
	if no != nil {
		return nil, no
	}
	return &Result{Legs: []plan.Leg{l}, Combine: &plan.Combine{SQL: text, Args: args, Gather: c.gather}}, nil
}

// source is the leg's rows, with the shapes that they had there.
func (c *combiner) source() (*pg_query.Node, *Refusal) {
	columns := make([]string, len(c.shapes))
	for i, s := range c.shapes {
		columns[i] = s.unnest(i+1) + fmt.Sprintf(" AS c%d", i+1)
	}
	tree, err := sqlparse.Tree("SELECT FROM (SELECT " + strings.Join(columns, ", ") + ") AS i0")
	if err != nil {
		return nil, refuse("a type whose name is not understood", "")
	}
	return tree.Stmts[0].Stmt.GetSelectStmt().FromClause[0], nil
}

// unnest turns parameter i into rows of shape s. It stands in the target
// list, where all arrays go in step: in FROM, rows of a composite type would
// fall apart into columns.
func (s shape) unnest(i int) string {
	sql := fmt.Sprintf("unnest($%d)", i)
	if s.cast != "" {
		sql += "::" + s.cast
	}
	if s.collate != "" {
		sql += " COLLATE " + s.collate
	}
	return sql
}

// top is the combine query's part above its rows: LIMIT as the client has it.
func (b *block) top() *pg_query.SelectStmt {
	s := &pg_query.SelectStmt{Op: pg_query.SetOperation_SETOP_NONE, LimitOption: b.stmt.LimitOption}
	if b.stmt.LimitCount != nil {
		s.LimitCount = clone(b.stmt.LimitCount)
	}
	if b.stmt.LimitOffset != nil {
		s.LimitOffset = clone(b.stmt.LimitOffset)
	}
	return s
}

// bottom is the leg's part below its columns.
func (b *block) bottom() *pg_query.SelectStmt {
	s := &pg_query.SelectStmt{
		Op: pg_query.SetOperation_SETOP_NONE, LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT,
		FromClause: cloneAll(b.stmt.FromClause),
	}
	if b.stmt.WhereClause != nil {
		s.WhereClause = clone(b.stmt.WhereClause)
	}
	if b.stmt.WithClause != nil {
		s.WithClause = clone(b.stmt.WithClause)
	}
	return s
}

func ordinal(i int) *pg_query.Node { return pg_query.MakeAConstIntNode(int64(i), 0) }

// sortBy is an item of ORDER BY over another expression.
func sortBy(s *pg_query.SortBy, n *pg_query.Node) *pg_query.Node {
	copied := clone(s)
	copied.Node = n
	return &pg_query.Node{Node: &pg_query.Node_SortBy{SortBy: copied}}
}

// say writes the clauses that stand above the rows: the columns as made, other
// expressions by f. What names an output column goes by its position.
func (c *combiner) say(out *pg_query.SelectStmt, made []*pg_query.Node, f func(*pg_query.Node) *pg_query.Node) {
	for i, t := range c.targets {
		out.TargetList = append(out.TargetList, named(t.name, made[i]))
	}
	by := func(it item) *pg_query.Node {
		if it.at >= 0 {
			return ordinal(it.at + 1)
		}
		return f(it.expr)
	}
	for _, it := range c.order {
		out.SortClause = append(out.SortClause, sortBy(it.sort, by(it)))
	}
	if c.distinct {
		out.DistinctClause = []*pg_query.Node{{}}
	}
	for _, it := range c.on {
		out.DistinctClause = append(out.DistinctClause, by(it))
	}
}

// recompute is say for a combine query that computes the columns itself, and
// windows and HAVING with them.
func (c *combiner) recompute(out *pg_query.SelectStmt, f func(*pg_query.Node) *pg_query.Node) {
	made := make([]*pg_query.Node, len(c.targets))
	for i, t := range c.targets {
		made[i] = f(t.expr)
	}
	c.say(out, made, f)
	for _, n := range c.stmt.WindowClause {
		out.WindowClause = append(out.WindowClause, f(n))
	}
	if c.stmt.HavingClause != nil {
		out.HavingClause = f(c.stmt.HavingClause)
	}
}
