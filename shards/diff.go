package shards

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Move is what has to be moved, or copied, so that one map becomes another.
type Move struct {
	Group    string  // the map, or
	Table    string  // a reference or a single table
	From, To string  // shards; From "" is a copy from any other shard, or rows that no shard has had a place for; To "" is rows that none has a place for any more
	Slots    int     // of a hash, at the finer of two numbers of slots
	Share    float64 // of all slots; 0 for ranges and lists, whose rows nobody has counted
	What     string  // which slots, range or value
}

// Diff returns what has to move from old to new, by map and shards. A map that
// changed its kind or its types moves as a whole: its What says so.
func Diff(old, new *Map) []Move {
	var all []Move
	for _, g := range new.groups {
		was := old.groupOf(g.name)
		switch {
		case was == nil: // a new map has no rows yet
		case was.kind != g.kind || !slices.Equal(was.types, g.types):
			all = append(all, Move{Group: g.name, What: "everything, as the map is another one"})
		default:
			all = append(all, diffGroup(old, new, was, g)...)
		}
	}
	return append(all, diffTables(old, new)...)
}

func (m *Map) groupOf(name string) *group {
	for _, g := range m.groups {
		if g.name == name {
			return g
		}
	}
	return nil
}

func diffGroup(old, new *Map, was, is *group) []Move {
	switch is := is.spread.(type) {
	case *slots:
		return diffSlots(old, new, was.spread.(*slots), is, was.name)
	case *ranges:
		return diffRanges(old, new, was.spread.(*ranges), is, was.name)
	case *lists:
		return diffLists(old, new, was.spread.(*lists), is, was.name)
	}
	return nil
}

// diffSlots counts the slots that change hands, for each pair of shards.
func diffSlots(old, new *Map, was, is *slots, name string) []Move {
	n := max(len(was.owner), len(is.owner))
	moved := map[[2]string][]int{}
	for slot := range n {
		rest := reversed(slot, n)
		from := old.names[was.owner[rest%len(was.owner)]]
		to := new.names[is.owner[rest%len(is.owner)]]
		if from != to {
			moved[[2]string{from, to}] = append(moved[[2]string{from, to}], slot)
		}
	}
	var all []Move
	for pair, list := range moved {
		all = append(all, Move{Group: name, From: pair[0], To: pair[1], Slots: len(list), Share: float64(len(list)) / float64(n), What: runsText(list)})
	}
	slices.SortFunc(all, func(a, b Move) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	return all
}

// diffRanges cuts the keys at all bounds of both maps: between two neighbours
// each map has one shard.
func diffRanges(old, new *Map, was, is *ranges, name string) []Move {
	var cuts []shardfunc.Value
	for _, s := range slices.Concat(was.spans, is.spans) {
		for _, v := range []shardfunc.Value{s.lo, s.hi} {
			if !v.IsNull() {
				cuts = append(cuts, v)
			}
		}
	}
	slices.SortFunc(cuts, shardfunc.Compare)
	cuts = slices.CompactFunc(cuts, func(a, b shardfunc.Value) bool { return a == b })
	var all []Move
	for i := 0; i <= len(cuts); i++ {
		s := span{}
		if i > 0 {
			s.lo = cuts[i-1]
		}
		if i < len(cuts) {
			s.hi = cuts[i]
		}
		m := Move{Group: name, From: old.nameOf(was.within(s)), To: new.nameOf(is.within(s)), What: s.String()}
		if m.From != m.To {
			all = append(all, m)
		}
	}
	return all
}

// within is the shard of all keys of a span that no bound cuts.
func (r *ranges) within(s span) int {
	i := 0
	if !s.lo.IsNull() {
		i = r.find(s.lo)
	} else if len(r.spans) > 0 && !r.spans[0].lo.IsNull() {
		return r.fallback
	}
	if i < len(r.spans) && (r.spans[i].lo.IsNull() || !s.lo.IsNull() && shardfunc.Compare(r.spans[i].lo, s.lo) <= 0) {
		return r.spans[i].shard
	}
	return r.fallback
}

func diffLists(old, new *Map, was, is *lists, name string) []Move {
	keys := slices.Concat(was.keys(), is.keys())
	slices.SortFunc(keys, shardfunc.Compare)
	var all []Move
	note := func(from, to int, what string) {
		if m := (Move{Group: name, From: old.nameOf(from), To: new.nameOf(to), What: what}); m.From != m.To {
			all = append(all, m)
		}
	}
	for _, v := range slices.Compact(keys) {
		note(was.locate([]shardfunc.Value{v}), is.locate([]shardfunc.Value{v}), shown(v))
	}
	note(was.fallback, is.fallback, "all other keys")
	return all
}

// diffTables are the tables that are not sharded: a reference table is copied to
// each new shard, a single one may have moved.
func diffTables(old, new *Map) []Move {
	var all []Move
	for _, t := range new.sorted {
		was := old.Table(t.Schema, t.Name)
		switch {
		case was == nil:
		case was.Kind != t.Kind || was.Group != t.Group || !slices.Equal(was.Keys, t.Keys):
			all = append(all, Move{Table: t.String(), What: fmt.Sprintf("everything, as it was %s and becomes %s", was.words(), t.words())})
		case t.Kind == Single && old.names[was.Home] != new.names[t.Home]:
			all = append(all, Move{Table: t.String(), From: old.names[was.Home], To: new.names[t.Home], What: "all rows"})
		case t.Kind == Reference:
			for _, name := range new.names {
				if old.Index(name) < 0 {
					all = append(all, Move{Table: t.String(), To: name, What: "a copy of all rows"})
				}
			}
		}
	}
	return all
}

func (t *Table) words() string {
	if t.Kind == Sharded {
		return fmt.Sprintf("sharded by %s(%q)", t.Group, t.Keys)
	}
	return t.Kind.String()
}

// Total sums the slots and the shares of moves of one map.
func Total(moves []Move, group string) (slots int, share float64) {
	for _, m := range moves {
		if m.Group == group {
			slots, share = slots+m.Slots, share+m.Share
		}
	}
	return slots, share
}
