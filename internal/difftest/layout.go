package difftest

import (
	"fmt"
	"slices"
	"strings"
)

// Layout is how many shards there are and what places the rows.
type Layout struct {
	Shards int
	Range  bool // users, what is with them, and accounts; else their hash
}

func (l Layout) String() string {
	kind := "hash"
	if l.Range {
		kind = "range"
	}
	plural := "s"
	if l.Shards == 1 {
		plural = ""
	}
	return fmt.Sprintf("%d shard%s by %s", l.Shards, plural, kind)
}

// database is the name of the layout's databases, one on each server.
func (l Layout) database(prefix string) string {
	return prefix + strings.NewReplacer(" ", "_").Replace(l.String())
}

// Bounds begin the shards from the second on. With four shards one of each
// map is empty: no user has an id of two hundred and more, nothing happens
// from 2025 on.
var (
	userBounds    = map[int][]string{1: nil, 2: {"150"}, 4: {"100", "200", "300"}}
	accountBounds = map[int][]string{1: nil, 2: {"initech"}, 4: {"b", "i", "u"}}
	eventBounds   = map[int][]string{1: nil, 2: {"2024-02-15"}, 4: {"2024-02-01", "2024-03-01", "2025-01-01"}}
)

// Events are mapped from and to these times only.
const firstEvent, lastEvent = "2000-01-01", "2030-01-01"

// placement is SQL for the shard of a row of t, for targets that are not wye:
// wye places its rows itself.
func (l Layout) placement(t Table) string {
	switch {
	case t.Kind == ByTime:
		return bucket("at", "timestamp", eventBounds[l.Shards])
	case t.Kind != ByKey:
		return "0"
	case l.Range && t.Name == "accounts":
		return bucket("slug", "text", accountBounds[l.Shards])
	case l.Range && (t.Key[0] == "user_id" || t.Name == "users"):
		return bucket(t.Key[0], "int8", userBounds[l.Shards])
	}
	var hashes []string
	for _, k := range t.Key {
		hashes = append(hashes, "hashtextextended("+k+"::text, 8816678312871386365)")
	}
	return fmt.Sprintf("((%s) & %d)", strings.Join(hashes, " # "), l.Shards-1)
}

func bucket(column, typ string, bounds []string) string {
	if len(bounds) == 0 {
		return "0"
	}
	return fmt.Sprintf("width_bucket(%s, '{%s}'::%s[])", column, strings.Join(bounds, ","), typ)
}

// Span is one range of a map, from and up to, but not including, its bounds;
// "" is no bound.
type Span struct{ From, To, Shard string }

// spans are the ranges between bounds, a shard each.
func spans(first, last string, bounds []string) (all []Span) {
	for i, to := range append(slices.Clone(bounds), last) {
		all = append(all, Span{first, to, fmt.Sprintf("s%d", i)})
		first = to
	}
	return all
}
