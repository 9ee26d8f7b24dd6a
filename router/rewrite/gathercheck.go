package rewrite

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// check refuses what rows without their table cannot say.
func (g *gathering) check() *Refusal {
	for _, p := range g.pulls {
		if len(p.Columns) == 0 {
			return never("a table without columns", "")
		}
		for _, ref := range p.Refs {
			if !ref.Inh {
				return never("ONLY over several shards", "")
			}
		}
	}
	var no *Refusal
	stars := map[*pg_query.ColumnRef]bool{} // that stand for columns of the answer
	Walk(g.stmt, func(m proto.Message) bool {
		if t, ok := m.(*pg_query.ResTarget); ok && isStar(t.Val.GetColumnRef()) {
			stars[t.Val.GetColumnRef()] = true
		}
		if no == nil {
			no = checkNode(m, nil)
		}
		if no == nil {
			no = g.checkNode(m, stars)
		}
		return no == nil
	})
	return no
}

func (g *gathering) checkNode(m proto.Message, stars map[*pg_query.ColumnRef]bool) *Refusal {
	switch m := m.(type) {
	case *pg_query.LockingClause:
		return never("FOR UPDATE or FOR SHARE over rows that are moved", "lock the rows by the sharding key")
	case *pg_query.SelectStmt:
		// PostgreSQL lets a column depend on a primary key, which moved rows
		// do not have. What cannot be taken apart, it judges itself.
		if b, no := takeApart(m, g.scope); no == nil {
			return b.dependents(func(c Column) bool { return c.Rel == "" || g.isPulled(c.Rel) })
		}
	case *pg_query.ColumnRef:
		if !stars[m] && g.wholeRow(m) {
			return never("a whole row as a value, over several shards", "name its columns")
		}
	}
	return nil
}

// wholeRow reports whether ref may be a row of what is pulled: its type would
// be another.
func (g *gathering) wholeRow(ref *pg_query.ColumnRef) bool {
	star := isStar(ref)
	if len(ref.Fields) > 3 {
		return true
	}
	if !star && len(ref.Fields) > 2 {
		return false
	}
	fields := ref.Fields
	if star {
		fields = fields[:len(fields)-1]
	}
	name := lastName(fields)
	for _, p := range g.pulls {
		for _, r := range p.Refs {
			// A column comes before a row, if it is the row's own.
			if aliasOf(r) == name && (star || len(fields) == 1 && !p.has(name, r)) {
				return true
			}
		}
	}
	return false
}

func aliasOf(r *pg_query.RangeVar) string {
	if r.Alias != nil {
		return r.Alias.Aliasname
	}
	return r.Relname
}

// isPulled reports whether some block knows what is pulled as rel.
func (g *gathering) isPulled(rel string) bool {
	return slices.ContainsFunc(g.pulls, func(p Pull) bool {
		return slices.ContainsFunc(p.Refs, func(r *pg_query.RangeVar) bool { return aliasOf(r) == rel })
	})
}

func (p *Pull) has(name string, r *pg_query.RangeVar) bool {
	if r.Alias != nil && len(r.Alias.Colnames) > 0 {
		return slices.Contains(names(r.Alias.Colnames), name)
	}
	return slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Name == name })
}
