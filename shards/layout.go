package shards

import (
	"strings"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Layout is one map as a person reads it.
type Layout struct {
	Name    string
	Kind    Kind
	Types   []shardfunc.Type
	Slots   int    // of a hash, else 0
	Parts   []Part // of a hash one for each shard; of others one for each range or value
	Default string // shard of the other keys; "" is none
}

// Part is what one shard has: slots, a range, or a value.
type Part struct {
	Shard string
	Slots int // how many, of a hash
	What  string
}

// Layouts are all maps, in the order of the Spec.
func (m *Map) Layouts() []Layout {
	var all []Layout
	for _, g := range m.groups {
		l := Layout{Name: g.name, Kind: g.kind, Types: g.types}
		switch s := g.spread.(type) {
		case *slots:
			l.Slots, l.Parts = len(s.owner), m.slotParts(s)
		case *ranges:
			for _, r := range s.spans {
				l.Parts = append(l.Parts, Part{m.names[r.shard], 0, r.String()})
			}
			l.Default = m.nameOf(s.fallback)
		case *lists:
			for _, v := range s.keys() {
				l.Parts = append(l.Parts, Part{m.names[s.shard[v]], 0, shown(v)})
			}
			l.Default = m.nameOf(s.fallback)
		}
		all = append(all, l)
	}
	return all
}

// nameOf is a shard's name; "" for none.
func (m *Map) nameOf(shard int) string {
	if shard < 0 {
		return ""
	}
	return m.names[shard]
}

// slotParts are the slots of each shard, in the order of shards.
func (m *Map) slotParts(s *slots) []Part {
	mine := make([][]int, len(m.names))
	for slot, shard := range s.bySlot() {
		mine[shard] = append(mine[shard], slot)
	}
	parts := make([]Part, len(m.names))
	for i, list := range mine {
		parts[i] = Part{m.names[i], len(list), runsText(list)}
	}
	return parts
}

// placement are the parts as a Spec takes them.
func placement(parts []Part) []Placed {
	var list []Placed
	for _, p := range parts {
		if p.Slots > 0 {
			list = append(list, Placed{p.What, p.Shard})
		}
	}
	return list
}

// LayoutOf is the layout of the map of that name; false if there is none.
func (m *Map) LayoutOf(name string) (Layout, bool) {
	for _, l := range m.Layouts() {
		if l.Name == name {
			return l, true
		}
	}
	return Layout{}, false
}

// String is the kind, the types, and the number of slots.
func (l Layout) String() string {
	names := make([]string, len(l.Types))
	for i, t := range l.Types {
		names[i] = t.String()
	}
	return string(l.Kind) + " of " + strings.Join(names, ", ")
}
