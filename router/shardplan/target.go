package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
)

// target binds the table that a statement writes, as the first item of b. nil:
// it is refused, or left to the lead shard.
func (b *block) target(v *pg_query.RangeVar) *item {
	s := b.s
	s.writes = true
	it := b.relation(v)
	it.level = b.level
	if v.Alias != nil {
		it.alias = v.Alias.Aliasname
	}
	switch {
	case isView(it.rel):
		s.refuse(refusef("Write to its table.", "writing to view %q is not supported on a sharded cluster", it.rel.Name))
	case it.system:
		s.refuse(refusef(hintEachShard, "writing to catalogs of PostgreSQL is not supported on a sharded cluster"))
	}
	b.leaf(it)
	if it.rel == nil || it.table == nil {
		return nil
	}
	return it
}

// guard notes what only the operator can vouch for of a write to it. keys: new
// rows, or new values in unique columns, are written.
func (a *Analysis) guard(it *item, rows bool) {
	r := it.rel
	if r.Unbounded && a.triggers == nil {
		a.triggers = refusef("Set sharding.trust_triggers if they touch nothing but rows of the same sharding key.",
			"table %q has triggers, rules, or defaults and checks that call functions, which may write on other shards", r.Name).plan()
	}
	if no := a.p.foreign[r]; no != nil {
		a.refuse(no)
	}
	if r.Unbounded && it.table.Kind == shards.Reference {
		a.refuse(refusef("", "table %q has triggers, rules, or defaults and checks that call functions: its copies could differ", r.Name))
	}
	if !rows || it.table.Kind != shards.Sharded || a.unique != nil {
		return
	}
	for _, u := range r.Unique {
		if !includes(u.Columns, it.table.Keys) {
			a.unique = refusef("Add "+strings.Join(it.table.Keys, ", ")+" to it, or set sharding.trust_unique if its values are unique for another reason.",
				"unique index %q of %q does not include the sharding key, and so does not hold for all shards", u.Name, r.Name).plan()
		}
	}
}

func includes(list, all []string) bool {
	for _, one := range all {
		if !slices.Contains(list, one) {
			return false
		}
	}
	return true
}

// writable are the names of the columns a write may give.
func writable(r *catalog.Relation) (names []string) {
	for i := range r.Columns {
		if !r.Columns[i].Generated {
			names = append(names, r.Columns[i].Name)
		}
	}
	return names
}

// modifying binds a CTE that writes.
func (b *block) modifying(c *cte) {
	switch n := c.expr.Ctequery.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
	case *pg_query.Node_InsertStmt:
		b.writingPart(n.InsertStmt.Relation, func(w *block, it *item) {
			w.ctes = c.own
			ins := w.bindInsert(it, n.InsertStmt)
			b.s.insertsTo = append(b.s.insertsTo, it)
			switch {
			case it == nil || it.table.Kind != shards.Sharded:
			case ins == nil:
				b.s.refuse(refusef(hintOneByOne, "WITH that inserts what it selects into sharded table %q is not supported", it.table.Name))
			default:
				b.s.drawn = w.draws(it, n.InsertStmt)
				b.s.parts = append(b.s.parts, ins.set())
			}
		})
	case *pg_query.Node_UpdateStmt:
		b.writingPart(n.UpdateStmt.Relation, func(w *block, it *item) {
			w.ctes = c.own
			w.bindUpdate(it, n.UpdateStmt)
			if it != nil && setsKey(it, n.UpdateStmt) {
				b.s.refuse(refusef("Update it in a statement of its own.", "WITH that updates a sharding key is not supported"))
			}
		})
	case *pg_query.Node_DeleteStmt:
		b.writingPart(n.DeleteStmt.Relation, func(w *block, _ *item) {
			w.ctes = c.own
			w.bindDelete(n.DeleteStmt)
		})
	default:
		b.s.refuse(refusef("", "this kind of WITH is not supported on a sharded cluster"))
	}
}

// writingPart binds a write inside of b, as a block of its own.
func (b *block) writingPart(v *pg_query.RangeVar, bind func(*block, *item)) {
	w := b.s.newBlock(b)
	w.level = &level{}
	b.derive = append(b.derive, w)
	it := w.target(v)
	if it != nil {
		b.s.writesTo = append(b.s.writesTo, it)
		if it.table.Kind == shards.Reference {
			b.s.refuse(refusef("Write it in a statement of its own.", "WITH that writes reference table %q is not supported", it.table.Name))
		}
	}
	bind(w, it)
}
