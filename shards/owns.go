package shards

import (
	"fmt"
	"strings"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// OwnsSQL is a condition in SQL that holds for the rows of t that belong on a
// shard; columns are expressions for the sharding key, in the order of t.Keys,
// quoted as SQL needs it. A row with a NULL in its key belongs nowhere: the
// condition is NULL or false. It is for checking that rows are where they must
// be, and for moving them; no setting of a session changes what it means.
func (m *Map) OwnsSQL(t *Table, shard int, columns []string) string {
	switch {
	case t.Kind == Reference, t.Kind == Single && t.Home == shard:
		return "true"
	case t.Kind == Single:
		return "false"
	}
	switch s := t.group.spread.(type) {
	case *slots:
		return s.owns(t.Types, shard, columns)
	case *ranges:
		return s.owns(t.Types[0], shard, columns[0])
	}
	return t.group.spread.(*lists).owns(t.Types[0], shard, columns[0])
}

func (s *slots) owns(types []shardfunc.Type, shard int, columns []string) string {
	var b strings.Builder
	for rest, owner := range s.owner {
		if int(owner) == shard {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, rest)
		}
	}
	return fmt.Sprintf("(%s) = ANY ('{%s}'::pg_catalog.int8[])", shardfunc.SlotSQL(types, columns, len(s.owner)), b.String())
}

func (r *ranges) owns(t shardfunc.Type, shard int, column string) string {
	column = compared(t, column)
	var mine, others []string
	for _, s := range r.spans {
		var terms []string
		if !s.lo.IsNull() {
			terms = append(terms, column+" >= "+literal(t, s.lo))
		}
		if !s.hi.IsNull() {
			terms = append(terms, column+" < "+literal(t, s.hi))
		}
		if terms == nil {
			terms = []string{column + " IS NOT NULL"}
		}
		if term := strings.Join(terms, " AND "); s.shard == shard {
			mine = append(mine, "("+term+")")
		} else {
			others = append(others, "("+term+")")
		}
	}
	return chosen(mine, others, r.fallback == shard)
}

func (l *lists) owns(t shardfunc.Type, shard int, column string) string {
	column = compared(t, column)
	var mine, others []string
	for _, v := range l.keys() {
		if term := column + " = " + literal(t, v); l.shard[v] == shard {
			mine = append(mine, term)
		} else {
			others = append(others, term)
		}
	}
	return chosen(mine, others, l.fallback == shard)
}

// chosen is any of the terms of a shard; for the default shard, none of those of
// the others.
func chosen(mine, others []string, fallback bool) string {
	switch {
	case fallback && len(others) == 0:
		return "true"
	case fallback:
		return "NOT (" + strings.Join(others, " OR ") + ")"
	case len(mine) == 0:
		return "false"
	}
	return "(" + strings.Join(mine, " OR ") + ")"
}

// compared makes a column compare as Compare does: texts by their bytes, and a
// bpchar without its blanks, which the cast removes.
func compared(t shardfunc.Type, column string) string {
	if t.IsText() {
		return "(" + column + `)::pg_catalog.text COLLATE pg_catalog."C"`
	}
	return "(" + column + ")"
}

// literal writes a key so that no setting changes what it means.
func literal(t shardfunc.Type, v shardfunc.Value) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(v.String()) + "'::pg_catalog." + t.Family().String()
}
