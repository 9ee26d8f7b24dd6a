package rewrite

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// block is one SELECT taken apart. It reads the tree and does not change it.
type block struct {
	stmt  *pg_query.SelectStmt
	scope Scope

	targets []target // stars expanded, unless hidden is true
	hidden  bool     // there is a star whose columns are not known

	group    []item // GROUP BY
	sets     bool   // with grouping sets, which are not in group
	order    []item // ORDER BY
	on       []item // DISTINCT ON
	distinct bool   // DISTINCT, without ON

	aggregated bool
	windows    []*pg_query.WindowDef
}

// target is one column of the answer.
type target struct {
	expr *pg_query.Node
	name string // as PostgreSQL names it
	star bool
}

// item is an item of ORDER BY, GROUP BY or DISTINCT ON.
type item struct {
	expr *pg_query.Node   // names and positions of output columns resolved
	at   int              // in targets, if it is such a name or position, or -1
	sort *pg_query.SortBy // of ORDER BY
}

// takeApart returns nil and a refusal where a name's meaning is not known.
func takeApart(stmt *pg_query.SelectStmt, scope Scope) (*block, *Refusal) {
	b := &block{stmt: stmt, scope: scope}
	for _, n := range stmt.TargetList {
		b.expand(n.GetResTarget())
	}
	for _, n := range flatRows(stmt.GroupClause) {
		if n.GetGroupingSet() != nil {
			b.sets = true
			continue
		}
		it, no := b.resolve(n, true)
		if no != nil {
			return nil, no
		}
		b.group = append(b.group, it)
	}
	for _, n := range stmt.SortClause {
		it, no := b.resolve(n.GetSortBy().Node, false)
		if no != nil {
			return nil, no
		}
		it.sort = n.GetSortBy()
		b.order = append(b.order, it)
	}
	for _, n := range stmt.DistinctClause {
		if n.GetNode() == nil {
			b.distinct = true
			continue
		}
		it, no := b.resolve(n, false)
		if no != nil {
			return nil, no
		}
		b.on = append(b.on, it)
	}
	b.inspect()
	return b, nil
}

func (b *block) expand(t *pg_query.ResTarget) {
	ref := t.Val.GetColumnRef()
	if in := t.Val.GetAIndirection(); in != nil && in.Indirection[len(in.Indirection)-1].GetAStar() != nil {
		b.hidden = true // the columns of a composite value
		return
	}
	if !isStar(ref) {
		b.targets = append(b.targets, target{expr: t.Val, name: outputName(t)})
		return
	}
	columns, ok := b.scope.Columns(ref, b.stmt)
	if !ok {
		b.hidden = true
		return
	}
	for _, c := range columns {
		b.targets = append(b.targets, target{expr: columnRef(c), name: c.Name, star: true})
	}
}

// flatRows takes rows in GROUP BY apart, as PostgreSQL does: (a, b) is a, b.
func flatRows(list []*pg_query.Node) (out []*pg_query.Node) {
	for _, n := range list {
		if r := n.GetRowExpr(); r != nil && r.RowFormat == pg_query.CoercionForm_COERCE_IMPLICIT_CAST {
			out = append(out, flatRows(r.Args)...)
			continue
		}
		out = append(out, n)
	}
	return out
}

func isStar(ref *pg_query.ColumnRef) bool {
	return ref != nil && ref.Fields[len(ref.Fields)-1].GetAStar() != nil
}

func columnRef(c Column) *pg_query.Node {
	if c.Rel == "" {
		return column(c.Name)
	}
	return column(c.Rel, c.Name)
}

func column(names ...string) *pg_query.Node {
	fields := make([]*pg_query.Node, len(names))
	for i, s := range names {
		fields[i] = pg_query.MakeStrNode(s)
	}
	return pg_query.MakeColumnRefNode(fields, 0)
}

// inspect looks for aggregates and windows.
func (b *block) inspect() {
	b.aggregated = len(b.stmt.GroupClause) > 0 || b.stmt.HavingClause != nil
	b.eachExpression(func(n *pg_query.Node) {
		walkBlock(n, func(m proto.Message) bool {
			f, ok := m.(*pg_query.FuncCall)
			switch {
			case !ok:
			case f.Over != nil:
				b.windows = append(b.windows, f.Over)
			case b.isAggregate(f):
				b.aggregated = true
			}
			return true
		})
	})
}

// eachExpression calls f for what is computed after FROM and WHERE.
func (b *block) eachExpression(f func(*pg_query.Node)) {
	for _, list := range [][]*pg_query.Node{b.stmt.TargetList, b.stmt.SortClause, b.stmt.DistinctClause, b.stmt.WindowClause} {
		for _, n := range list {
			f(n)
		}
	}
	if b.stmt.HavingClause != nil {
		f(b.stmt.HavingClause)
	}
}

func (b *block) isAggregate(f *pg_query.FuncCall) bool {
	if f.Over != nil {
		return false
	}
	if f.AggStar || f.AggDistinct || f.AggFilter != nil || f.AggWithinGroup || len(f.AggOrder) > 0 {
		return true
	}
	_, is := b.scope.Aggregate(names(f.Funcname))
	return is
}

// partition are the PARTITION BY expressions of a window, its name looked up.
func (b *block) partition(w *pg_query.WindowDef) []*pg_query.Node {
	name := w.Refname
	if w.Name != "" {
		name = w.Name
	}
	if name == "" {
		return w.PartitionClause
	}
	for _, n := range b.stmt.WindowClause {
		if def := n.GetWindowDef(); def.Name == name {
			if len(def.PartitionClause) == 0 && def.Refname != "" && def.Refname != name {
				return b.partition(&pg_query.WindowDef{Name: def.Refname})
			}
			return def.PartitionClause
		}
	}
	return nil
}

// key is the same for expressions that are the same to PostgreSQL.
func (b *block) key(n *pg_query.Node) string {
	var s strings.Builder
	fingerprint(&s, n.ProtoReflect(), b.spelling)
	return s.String()
}

// spelling is one name for a column, however it is written.
func (b *block) spelling(ref *pg_query.ColumnRef) string {
	if isStar(ref) {
		return ""
	}
	c, ok := b.scope.Column(ref, b.stmt)
	if !ok || c.Name == "" {
		return ""
	}
	return c.Rel + "\x00" + c.Name
}

func (b *block) expressions(items []item) []*pg_query.Node {
	out := make([]*pg_query.Node, len(items))
	for i, it := range items {
		out[i] = it.expr
	}
	return out
}

func (b *block) targetExpressions() []*pg_query.Node {
	out := make([]*pg_query.Node, len(b.targets))
	for i, t := range b.targets {
		out[i] = t.expr
	}
	return out
}

// names are the parts of a qualified name.
func names(list []*pg_query.Node) []string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.GetString_().GetSval()
	}
	return out
}
