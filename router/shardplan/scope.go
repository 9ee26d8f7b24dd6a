package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/rewrite"
)

// scope answers what the rewriter asks. A SELECT of the text may be bound
// several times, as the body of a CTE is for each reference: what is said of
// it holds for all of these.
type scope struct {
	s      *statement
	blocks map[*pg_query.SelectStmt][]*block
}

var _ rewrite.Scope = (*scope)(nil)

func newScope(s *statement) *scope {
	c := &scope{s: s, blocks: map[*pg_query.SelectStmt][]*block{}}
	for _, b := range s.roots {
		c.collect(b)
	}
	return c
}

func (c *scope) collect(b *block) {
	if b.stmt != nil {
		c.blocks[b.stmt] = append(c.blocks[b.stmt], b)
	}
	b.eachPart(c.collect)
}

// Column implements rewrite.Scope.
func (c *scope) Column(ref *pg_query.ColumnRef, stmt *pg_query.SelectStmt) (rewrite.Column, bool) {
	list := c.blocks[stmt]
	if len(list) == 0 {
		return rewrite.Column{}, false
	}
	b := list[0]
	id, own := b.find(ref, 0, len(b.items))
	switch {
	case !own:
		return rewrite.Column{}, false
	case id == 0:
		return c.computed(b, ref)
	}
	return c.column(b, id)
}

// computed describes a column that a sub-select in FROM computes.
func (c *scope) computed(b *block, ref *pg_query.ColumnRef) (rewrite.Column, bool) {
	_, rel, name, ok := refParts(ref)
	var from *item
	at, matches := 0, 0
	for _, it := range b.items {
		for i, n := range it.names {
			if (n == name || n == unknownName) && (rel == "" || it.alias == rel) {
				from, at, matches = it, i, matches+1
			}
		}
		ok = ok && (!it.open || rel != "" && it.alias != rel)
	}
	if !ok || matches != 1 || from.seen || from.sub == nil || from.sub.viewed || from.ids[at] != 0 || len(b.merges) > 0 || from.names[at] != name {
		return rewrite.Column{}, false
	}
	list, ok := rewrite.Outputs(from.sub.stmt, c)
	if !ok || len(list) != len(from.names) || list[at].TypeOID == 0 {
		return rewrite.Column{}, false
	}
	out := list[at]
	out.Rel, out.Name = from.alias, name
	return out, true
}

// column describes a column as b's FROM shows it.
func (c *scope) column(b *block, id colID) (rewrite.Column, bool) {
	known := c.s.cols[id]
	attr := known.attr
	if attr == nil || known.loose || c.s.p.plainType(attr.TypeOID) != attr.TypeOID {
		return rewrite.Column{}, false
	}
	out, ok := c.s.p.describe(attr)
	if !ok || !c.shown(b, id, &out) {
		return rewrite.Column{}, false
	}
	out.Key = c.isKey(b, id)
	return out, true
}

// describe says what a column's type is; false if that is not all certain.
func (p *Planner) describe(attr *catalog.Column) (rewrite.Column, bool) {
	out := rewrite.Column{TypeOID: attr.TypeOID, Type: attr.Type, Typmod: attr.Typmod}
	switch attr.Collation {
	case catalog.NoCollation:
		out.DefaultCollation = true
	case catalog.DefaultCollation:
		out.DefaultCollation, out.CCollation = true, p.snapshot.DefaultCollationC
	case catalog.CLike:
		out.CCollation, out.Collation = true, `pg_catalog."C"`
		out.DefaultCollation = attr.TypeOID == nameOID
	case catalog.OtherCollation:
		out.Collation = attr.Collated
	default:
		return rewrite.Column{}, false
	}
	return out, p.plainType(attr.TypeOID) == attr.TypeOID
}

const nameOID = 19 // pg_type.dat; its collation is "C"

// shown finds how b's FROM names a column. Two items may show the same one, as
// references to one view do not; a CTE's body is bound for each.
func (c *scope) shown(b *block, id colID, out *rewrite.Column) bool {
	for _, m := range b.merges {
		if m.id == id {
			out.Name = m.name
			return true
		}
	}
	for _, it := range b.items {
		for i, one := range it.ids {
			if one != id || it.seen {
				continue
			}
			out.Rel, out.Name = it.alias, it.names[i]
			if out.Name != "" && out.Name[0] == hiddenPrefix[0] {
				out.Name = out.Name[1:]
			}
			return out.Name != unknownName
		}
	}
	return false
}

func (c *scope) isKey(b *block, id colID) bool {
	k := b.kind
	if k == nil {
		return false
	}
	same := c.s.classes(b.level, nil)
	for _, key := range k.keys {
		for _, one := range key.ids {
			if !key.nullable && same.same(one, id) {
				return true
			}
		}
	}
	return false
}

// Columns implements rewrite.Scope.
func (c *scope) Columns(star *pg_query.ColumnRef, stmt *pg_query.SelectStmt) (columns []rewrite.Column, ok bool) {
	list := c.blocks[stmt]
	if len(list) == 0 {
		return nil, false
	}
	b := list[0]
	known, ok := b.star(star)
	for _, k := range known {
		one, sure := rewrite.Column{}, false
		if k.id != 0 {
			one, sure = c.column(b, k.id)
		}
		one.Rel, one.Name = k.item.alias, k.name
		if ok = ok && sure; !ok {
			return nil, false
		}
		columns = append(columns, one)
	}
	return columns, ok
}

// KeyGrouped implements rewrite.Scope.
func (c *scope) KeyGrouped(stmt *pg_query.SelectStmt, exprs []*pg_query.Node) bool {
	list := c.blocks[stmt]
	for _, b := range list {
		if k := b.kindFor(nil); k.refusal != nil || !b.holdsKey(exprs, k, inputOnly) {
			return false
		}
	}
	return len(list) > 0
}

// Local implements rewrite.Scope.
func (c *scope) Local(stmt *pg_query.SelectStmt) bool {
	list := c.blocks[stmt]
	for _, b := range list {
		if !c.local(b) {
			return false
		}
	}
	return len(list) > 0
}

func (c *scope) local(b *block) bool {
	if b.unstable() != nil {
		return false
	}
	var env []keySet
	c.s.eachItem(func(it *item) {
		if it.sharded() && !it.block.inside(b) {
			env = append(env, it.keySet())
		}
	})
	local := true
	b.eachItem(func(it *item) {
		local = local && (!it.sharded() || c.s.isTied(it, env, b))
	})
	return local
}

// Volatile implements rewrite.Scope.
func (c *scope) Volatile(name []string, args int) bool {
	f := &pg_query.FuncCall{Args: make([]*pg_query.Node, args)}
	for _, n := range name {
		f.Funcname = append(f.Funcname, pg_query.MakeStrNode(n))
	}
	return c.s.p.call(f).kind >= callVolatile
}

// Aggregate implements rewrite.Scope.
func (c *scope) Aggregate(name []string) (builtin string, isAggregate bool) {
	return c.s.p.aggregate(name)
}

// Recoded implements rewrite.Scope.
func (c *scope) Recoded() bool { return c.s.p.recoded }
