package sqlparse

import (
	"cmp"
	"slices"
	"strings"
)

// keepNames bounds what an inventory keeps of its slices between two texts.
const keepNames = 1 << 10

// reset makes v ready for the tree t.
func (v *inventory) reset(t tape) {
	if cap(v.relations)+cap(v.writes)+cap(v.operators)+cap(v.types)+cap(v.calls)+cap(v.fields)+cap(v.ctes) > keepNames {
		*v = inventory{}
	}
	v.t = t
	v.relations, v.writes, v.operators, v.types = v.relations[:0], v.writes[:0], v.operators[:0], v.types[:0]
	v.calls, v.fields, v.ctes = v.calls[:0], v.fields[:0], v.ctes[:0]
}

// pack copies what was found into f: sorted, each once, and every string out
// of one piece of memory that is not the tree's.
func (v *inventory) pack(f *Facts) {
	lists := [...]*[]Name{&v.relations, &v.writes, &v.operators, &v.types}
	size := 0
	for _, list := range lists {
		*list = unique(*list, Name.compare)
		for _, n := range *list {
			size += len(n.Schema) + len(n.Name)
		}
	}
	v.calls = unique(v.calls, Call.compare)
	for _, c := range v.calls {
		size += len(c.Schema) + len(c.Name)
	}
	v.fields = unique(v.fields, strings.Compare)
	for _, name := range v.fields {
		size += len(name)
	}
	var b strings.Builder
	b.Grow(size)
	own := func(s string) string { // b never moves
		b.WriteString(s)
		return b.String()[b.Len()-len(s):]
	}
	for i, to := range [...]*[]Name{&f.Relations, &f.Writes, &f.Operators, &f.Types} {
		*to = slices.Clone(*lists[i])
		for j, n := range *to {
			(*to)[j] = Name{own(n.Schema), own(n.Name)}
		}
	}
	f.Functions = slices.Clone(v.calls)
	for i, c := range f.Functions {
		f.Functions[i].Schema, f.Functions[i].Name = own(c.Schema), own(c.Name)
	}
	f.Fields = slices.Clone(v.fields)
	for i, name := range f.Fields {
		f.Fields[i] = own(name)
	}
}

func unique[T comparable](list []T, compare func(a, b T) int) []T {
	slices.SortFunc(list, compare)
	return slices.Compact(list)
}

func (n Name) compare(o Name) int {
	return cmp.Or(strings.Compare(n.Schema, o.Schema), strings.Compare(n.Name, o.Name))
}

func (c Call) compare(o Call) int {
	return cmp.Or(strings.Compare(c.Schema, o.Schema), strings.Compare(c.Name, o.Name), c.Args-o.Args)
}

// size is roughly what f keeps in memory, in bytes.
func (f *Facts) size() int {
	if f == nil {
		return 0
	}
	n := 288 + len(f.Hint.Bad)
	for _, list := range [...][]Name{f.Relations, f.Writes, f.Operators, f.Types} {
		for _, name := range list {
			n += 32 + len(name.Schema) + len(name.Name)
		}
	}
	for _, c := range f.Functions {
		n += 40 + len(c.Schema) + len(c.Name)
	}
	for _, name := range f.Fields {
		n += 16 + len(name)
	}
	return n
}
