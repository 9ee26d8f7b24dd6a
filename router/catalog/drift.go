package catalog

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// Difference is one thing that two databases which should be alike have not
// in common. Two Differences that are equal say the same.
type Difference struct {
	Object string // what it is of, with its schema: "public.users", "function app.f(integer)", "database"
	What   string // what of it: `column "name"`, "order of columns"; "" is the object itself
	Lead   string // how it is in the first database; "" if it is not there
	Here   string // how it is in the second
}

// String is for a line of a log or a report.
func (d Difference) String() string {
	of := strings.TrimSuffix(d.Object+", "+d.What, ", ")
	return fmt.Sprintf("%s: here %s, on the lead shard %s", of, cmp.Or(d.Here, "missing"), cmp.Or(d.Lead, "missing"))
}

// fact is what is said of an object; the value beside it says how it is.
type fact struct{ object, what string }

// Compare finds what is not the same in two snapshots, sorted. Numbers that
// each server gives for itself (oids, places of dropped columns) are no
// difference, nor is a name of an index. skip, if not nil, leaves out
// relations that need not be alike. What is in the schema wye is wye's own.
//
// It sees what a snapshot has: relations, their columns in order, unique
// indexes, foreign keys, views, row security, functions, types. Of enums it
// does not know the labels, and of tables neither checks nor plain indexes.
func Compare(lead, here *Snapshot, skip func(schema, name string) bool) (list []Difference) {
	one, two := lead.facts(skip), here.facts(skip)
	for _, f := range sortedFacts(one, two) {
		a, b := one[f], two[f]
		if a == b || f.what != "" && (one[fact{object: f.object}] == "" || two[fact{object: f.object}] == "") {
			continue // where all of it is missing, its parts need no line
		}
		if f.what == columnOrder && !sameNames(a, b) {
			continue // the column that one of them lacks is said already
		}
		list = append(list, Difference{Object: f.object, What: f.what, Lead: a, Here: b})
	}
	return list
}

func sortedFacts(one, two map[fact]string) (all []fact) {
	for f := range one {
		all = append(all, f)
	}
	for f := range two {
		if _, both := one[f]; !both {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b fact) int { return cmp.Or(cmp.Compare(a.object, b.object), cmp.Compare(a.what, b.what)) })
	return all
}

// facts are all that Compare compares.
func (s *Snapshot) facts(skip func(schema, name string) bool) map[fact]string {
	all := map[fact]string{
		{"database", ""}:          "there",
		{"database", "encoding"}:  s.Encoding,
		{"database", "collation"}: map[bool]string{true: "by bytes", false: "of a language"}[s.DefaultCollationC],
	}
	for _, same := range s.relations {
		for _, r := range same {
			if r.Schema != ownSchema && (skip == nil || !skip(r.Schema, r.Name)) {
				r.facts(all)
			}
		}
	}
	for signature, f := range s.signatures {
		if f.Schema == ownSchema {
			continue
		}
		all[fact{"function " + signature, ""}] = f.Volatility.String()
		if f.Source != "" {
			all[fact{"function " + signature, "definition"}] = shortOf(f.Source)
		}
	}
	for _, same := range s.ownTypes {
		for _, t := range same {
			name := "type " + t.Schema + "." + t.Name
			all[fact{name, ""}] = kinds[t.Kind]
			all[fact{name, "parts"}] = strings.Join(t.Parts, ", ")
			all[fact{name, "checks"}] = shortOf(t.Checks)
		}
	}
	return all
}

// columnOrder is what SELECT * and an INSERT without a list go by.
const columnOrder = "order of columns"

func sameNames(a, b string) bool {
	one, two := strings.Split(a, ", "), strings.Split(b, ", ")
	slices.Sort(one)
	slices.Sort(two)
	return slices.Equal(one, two)
}

// shortOf is a text on one line that fits into a log; texts that differ stay
// different, unless it is by blanks.
func shortOf(text string) string {
	const most = 120 // bytes
	line := strings.Join(strings.Fields(text), " ")
	if len(line) <= most {
		return line
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(line)) // never fails (hash.Hash)
	return fmt.Sprintf("%s ... [%x]", strings.ToValidUTF8(line[:most], ""), h.Sum64())
}

// ownSchema is made by wye on each shard; package shards/commit says how.
const ownSchema = "wye"

var kinds = map[byte]string{
	'r': "table", 'p': "partitioned table", 'v': "view", 'm': "materialized view", 'f': "foreign table", 'S': "sequence",
	'b': "base type", 'c': "composite type", 'd': "domain", 'e': "enum",
}

func (r *Relation) facts(all map[fact]string) {
	name := r.Schema + "." + r.Name
	say := func(what, how string) { all[fact{name, what}] = how }
	say("", cmp.Or(kinds[r.Kind], "relation"))
	var order []string
	for i := range r.Columns {
		c := &r.Columns[i]
		order = append(order, c.Name)
		say(fmt.Sprintf("column %q", c.Name), c.how())
	}
	if len(order) > 0 {
		say(columnOrder, strings.Join(order, ", "))
	}
	for _, u := range r.Unique {
		kind := "unique index"
		if u.Primary {
			kind = "primary key"
		}
		what := fmt.Sprintf("%s (%s)", kind, strings.Join(u.Columns, ", "))
		if u.Partial {
			what += fmt.Sprintf(" %q, of some rows or of expressions", u.Name)
		}
		say(what, "there")
	}
	for _, f := range r.Foreign {
		say(fmt.Sprintf("foreign key (%s) to %s.%s (%s)", strings.Join(f.Columns, ", "), f.To.Schema, f.To.Name, strings.Join(f.At, ", ")), "there")
	}
	for _, p := range r.Parents {
		say(fmt.Sprintf("parent %s.%s", p.Schema, p.Name), "there")
	}
	if r.Secured {
		policies := slices.Sorted(slices.Values(r.Policies))
		say("row security", shortOf(cmp.Or(strings.Join(policies, "; "), "on")))
	}
	if r.Unbounded {
		say("triggers, rules or functions behind it", "there")
	}
	if r.View != "" {
		say("definition", shortOf(r.View))
	}
}

// how is the column as CREATE TABLE has it.
func (c *Column) how() string {
	text := c.Type
	if c.Collated != "" && c.Collation != DefaultCollation {
		text += " collate " + c.Collated
	}
	if c.NotNull {
		text += " not null"
	}
	switch {
	case c.Generated:
		text += " generated as (" + c.Default + ")"
	case c.Identity == 'a':
		text += " generated always as identity"
	case c.Identity != 0:
		text += " generated by default as identity"
	case c.Default != "":
		text += " default " + c.Default
	}
	return text
}
