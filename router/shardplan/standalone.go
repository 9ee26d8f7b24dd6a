package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// standalone are the sub-queries in expressions of b, and of what it has in
// FROM, that read sharded rows and are tied to no row around them.
func (b *block) standalone() (links []*pg_query.SubLink) {
	for _, one := range b.subs {
		if !one.block.allTied() && !one.block.depends() {
			links = append(links, one.link)
		}
	}
	for _, list := range [][]*block{b.arms, b.derive} {
		for _, p := range list {
			links = append(links, p.standalone()...)
		}
	}
	return links
}

// allTied reports whether b has no rows but those on the shard of a row around
// it, or that every shard has.
func (b *block) allTied() bool {
	var env []keySet
	b.s.eachItem(func(it *item) {
		if it.sharded() && !it.block.inside(b) {
			env = append(env, it.keySet())
		}
	})
	tied := true
	b.eachItem(func(it *item) { tied = tied && (!it.sharded() || b.s.isTied(it, env, nil)) })
	return tied
}

// depends reports whether b, or a block inside, may name a column of what is
// around b.
func (b *block) depends() bool {
	depends := false
	var look func(*block)
	look = func(in *block) {
		if in.stmt != nil {
			for _, ref := range ownRefs(in.stmt) {
				depends = depends || !in.isOwn(ref, b)
			}
		}
		in.eachPart(look)
	}
	look(b)
	return depends
}

// isOwn reports whether ref, in b, certainly names something inside top.
func (b *block) isOwn(ref *pg_query.ColumnRef, top *block) bool {
	if isStar(ref) {
		return true
	}
	if id := b.resolve(ref, 0, len(b.items)); id != 0 {
		return b.s.isInside(id, top)
	}
	schema, rel, name, ok := refParts(ref)
	if !ok {
		return false
	}
	for in := b; in != nil && in.inside(top); in = in.up {
		if _, known := in.lookup(schema, rel, name, 0, len(in.items)); known {
			return true
		}
		for _, out := range in.outNames {
			if rel == "" && out == name {
				return true
			}
		}
	}
	return false
}

// ownRefs are the column references of a SELECT that are not inside another.
func ownRefs(stmt *pg_query.SelectStmt) (refs []*pg_query.ColumnRef) {
	rewrite.Walk(stmt, func(m proto.Message) bool {
		if ref, ok := m.(*pg_query.ColumnRef); ok {
			refs = append(refs, ref)
		}
		inner, ok := m.(*pg_query.SelectStmt)
		return !ok || inner == stmt
	})
	return refs
}
