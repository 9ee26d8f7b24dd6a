package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// star is a column that * stands for.
type starColumn struct {
	name string
	id   colID
	item *item
}

// resolve finds the column that ref names in b, where items[first:last] are in
// sight, or in the blocks around it. 0 is a name whose meaning is not certain.
func (b *block) resolve(ref *pg_query.ColumnRef, first, last int) colID {
	id, _ := b.find(ref, first, last)
	return id
}

// find also says whether the name is one of b's own; if not, the caller may
// look further out.
func (b *block) find(ref *pg_query.ColumnRef, first, last int) (id colID, own bool) {
	schema, rel, name, ok := refParts(ref)
	if !ok {
		return 0, true
	}
	for in, from, to := b, first, last; in != nil; {
		if id, known := in.lookup(schema, rel, name, from, to); known {
			return id, in == b
		}
		out := in.outer
		if out == nil {
			break
		}
		from, to = 0, len(out.items)
		if in.sees >= 0 {
			to = min(in.sees, to)
		}
		in = out
	}
	return 0, false
}

// refParts splits a reference; ok is false for what is no column: t.*, or
// names with a database in front.
func refParts(ref *pg_query.ColumnRef) (schema, rel, name string, ok bool) {
	var parts []string
	for _, f := range ref.Fields {
		if f.GetString_() == nil {
			return "", "", "", false
		}
		parts = append(parts, f.GetString_().Sval)
	}
	switch len(parts) {
	case 1:
		return "", "", parts[0], true
	case 2:
		return "", parts[0], parts[1], true
	case 3:
		return parts[0], parts[1], parts[2], true
	}
	return "", "", "", false
}

// lookup finds a column among items[first:last]. known is false if the name is
// certainly none of theirs.
func (b *block) lookup(schema, rel, name string, first, last int) (id colID, known bool) {
	if rel != "" {
		return b.qualified(schema, rel, name, first, last)
	}
	for i := len(b.merges) - 1; i >= 0; i-- {
		if m := b.merges[i]; m.name == name && m.first >= first && m.last <= last {
			return m.id, true
		}
	}
	matches, open, row := 0, false, false // row: it may be a whole row
	for _, it := range b.items[first:last] {
		if it.seen {
			continue
		}
		for i, n := range it.names {
			switch {
			case n == name:
				matches++
				id = it.ids[i]
			case n == unknownName:
				open = true
			}
		}
		open = open || it.open
		row = row || it.alias == name
	}
	switch {
	case matches == 1 && !open:
		return id, true
	case matches > 0 || open || row:
		return 0, true
	}
	return 0, systemColumns[name] && last > first
}

// systemColumns are those that every table has besides its own.
var systemColumns = map[string]bool{"ctid": true, "xmin": true, "xmax": true, "cmin": true, "cmax": true, "tableoid": true}

func (b *block) qualified(schema, rel, name string, first, last int) (colID, bool) {
	var found *item
	for _, it := range b.items[first:last] {
		if it.seen || it.alias != rel || schema != "" && (it.rel == nil || it.rel.Schema != schema) {
			continue
		}
		if found != nil {
			return 0, true
		}
		found = it
	}
	if found == nil {
		return 0, false
	}
	id, matches := colID(0), 0
	for i, n := range found.names {
		if n == name || n == unknownName || n == hiddenPrefix+name {
			matches++
			id = found.ids[i]
		}
	}
	if matches != 1 || found.open {
		return 0, true
	}
	return id, true
}

// hiddenPrefix stands before the name of a column that USING has merged away:
// only t.name finds it.
const hiddenPrefix = "\x01"

// mayKnow reports whether a bare name may be a column of b's own FROM.
func (b *block) mayKnow(name string) bool {
	_, known := b.lookup("", "", name, 0, len(b.items))
	return known
}

// star expands * or t.*; false if the columns are not known.
func (b *block) star(ref *pg_query.ColumnRef) (list []starColumn, ok bool) {
	var rel string
	if n := len(ref.Fields); n > 1 {
		rel = ref.Fields[n-2].GetString_().GetSval()
	} else if len(b.merges) > 0 {
		return nil, false // merged columns come first
	}
	ok, found := true, false
	for _, it := range b.items {
		if it.seen || rel != "" && it.alias != rel {
			continue
		}
		if rel != "" && found {
			return nil, false
		}
		found = true
		ok = ok && !it.open
		for i, name := range it.names {
			ok = ok && name != unknownName
			if len(name) > 0 && name[0] == hiddenPrefix[0] {
				name = name[1:]
			}
			list = append(list, starColumn{name, it.ids[i], it})
		}
	}
	return list, ok && found
}
