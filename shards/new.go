package shards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// builder makes a Map and notes what is wrong on the way.
type builder struct {
	spec     Spec
	m        *Map
	groups   map[string]*group // nil for one that is wrong
	names    []string          // of all groups
	placed   map[int]*slots    // by weight, by their number: maps may share them
	problems []Problem
}

// New makes the map that the spec describes. The Map is nil if there is any
// problem; all problems are found at once.
func New(spec Spec) (*Map, []Problem) {
	b := &builder{spec: spec, m: &Map{tables: map[tableName]*Table{}}, groups: map[string]*group{}, placed: map[int]*slots{}}
	switch {
	case len(spec.Shards) > MaxShards:
		b.badf("shards", "%d shards, and %d is the most", len(spec.Shards), MaxShards)
		return nil, b.problems
	case len(spec.Groups) > MaxGroups:
		b.badf("maps", "%d maps, and %d is the most", len(spec.Groups), MaxGroups)
		return nil, b.problems
	}
	b.shards()
	for i := range spec.Groups {
		b.names = append(b.names, spec.Groups[i].Name)
		b.group(&spec.Groups[i])
	}
	for i := range spec.Tables {
		b.table(&spec.Tables[i])
	}
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	slices.SortFunc(b.m.sorted, func(x, y *Table) int {
		return cmp.Or(cmp.Compare(x.Schema, y.Schema), cmp.Compare(x.Name, y.Name))
	})
	b.m.version = version(b.m)
	return b.m, nil
}

func (b *builder) badf(path, format string, args ...any) {
	b.problems = append(b.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (b *builder) shards() {
	if len(b.spec.Shards) == 0 {
		b.badf("shards", "no shards")
	}
	for i, s := range b.spec.Shards {
		path := cmp.Or(s.Path, "shards."+s.Name)
		switch {
		case s.Name == "":
			b.badf(fmt.Sprintf("shards[%d]", i), "a shard has no name")
		case slices.Contains(b.m.names, s.Name):
			b.badf(path, "the shard is defined twice")
		case s.Weight < 0 || s.Weight > MaxWeight:
			b.badf(path+".weight", "%d is out of range; it must be between 1 and %d", s.Weight, MaxWeight)
		}
		b.m.names = append(b.m.names, s.Name)
	}
}

func (b *builder) weights() []int {
	list := make([]int, len(b.spec.Shards))
	for i, s := range b.spec.Shards {
		list[i] = max(1, s.Weight)
	}
	return list
}

// shard finds a shard by name; -1 is reported.
func (b *builder) shard(path, name string) int {
	i := b.m.Index(name)
	if i < 0 {
		b.undefined(path, "shard", name, b.m.names)
	}
	return i
}

func (b *builder) undefined(path, what, name string, known []string) {
	message := fmt.Sprintf("no %s %q is defined; there are %s", what, name, strings.Join(known, ", "))
	b.problems = append(b.problems, Problem{path, message, what, name, known})
}

func (b *builder) group(g *Group) {
	path := cmp.Or(g.Path, "maps."+g.Name)
	if _, twice := b.groups[g.Name]; twice {
		b.badf(path, "the map is defined twice")
		return
	}
	b.groups[g.Name] = nil
	before := len(b.problems)
	b.types(g, path)
	if len(b.problems) > before || len(b.m.names) == 0 {
		return
	}
	made := &group{name: g.Name, kind: g.Kind, types: g.Types}
	switch g.Kind {
	case ConsistentHash:
		made.spread = b.hash(g, path)
	case Range:
		made.spread = b.ranges(g, path)
	case List:
		made.spread = b.lists(g, path)
	default:
		b.badf(path+".kind", "unknown kind %q; it is one of %s, %s, %s", g.Kind, ConsistentHash, Range, List)
	}
	b.foreign(g, path)
	if len(b.problems) == before {
		b.groups[g.Name] = made
		b.m.groups = append(b.m.groups, made)
	}
}

func (b *builder) types(g *Group, path string) {
	switch {
	case len(g.Types) == 0:
		b.badf(path+".type", "no type of the key")
	case len(g.Types) > MaxKeys:
		b.badf(path+".type", "%d columns, and %d is the most", len(g.Types), MaxKeys)
	case len(g.Types) > 1 && g.Kind != ConsistentHash:
		b.badf(path+".type", "a %s has a key of one column; only %s takes more", g.Kind, ConsistentHash)
	}
	for _, t := range g.Types {
		if t.OID() == 0 {
			b.badf(path+".type", "not a type of keys; those are %s", strings.Join(shardfunc.TypeNames(), ", "))
		}
	}
}

// foreign refuses settings that this kind of map leaves without effect.
func (b *builder) foreign(g *Group, path string) {
	for _, f := range []struct {
		key   string
		given bool
		kinds []Kind
	}{
		{"slots", g.Slots != 0, []Kind{ConsistentHash}},
		{"placement", len(g.Placement) > 0, []Kind{ConsistentHash}},
		{"ranges", len(g.Ranges) > 0, []Kind{Range}},
		{"lists", len(g.Lists) > 0, []Kind{List}},
		{"default", g.Default != "", []Kind{Range, List}},
	} {
		if f.given && !slices.Contains(f.kinds, g.Kind) {
			b.badf(path+"."+f.key, "a map of kind %s has no %s", g.Kind, f.key)
		}
	}
}

func (b *builder) table(t *TableSpec) {
	name := tableName{cmp.Or(t.Schema, DefaultSchema), t.Name}
	path := cmp.Or(t.Path, "tables."+t.Name)
	made := &Table{Schema: name.schema, Name: name.name}
	switch {
	case t.Name == "":
		b.badf(path, "a table has no name")
	case b.m.tables[name] != nil:
		b.badf(path, "the table %s is declared twice", made)
	}
	b.m.tables[name] = made
	b.m.sorted = append(b.m.sorted, made)
	said := 0
	for _, given := range []bool{t.Group != "", t.Reference, t.Shard != ""} {
		if given {
			said++
		}
	}
	switch {
	case said != 1:
		b.badf(path, "say one of map (and key), reference: true, or shard")
	case t.Group != "":
		b.sharded(made, t, path)
		return
	case t.Reference:
		made.Kind = Reference
	default:
		made.Kind = Single
		made.Home = b.shard(path+".shard", t.Shard)
	}
	if len(t.Keys) > 0 {
		b.badf(path+".key", "only a table with a map has a key")
	}
}

func (b *builder) sharded(made *Table, t *TableSpec, path string) {
	made.Group, made.Keys = t.Group, t.Keys
	g, known := b.groups[t.Group]
	if !known {
		b.undefined(path+".map", "map", t.Group, b.names)
	}
	if len(t.Keys) > MaxKeys {
		b.badf(path+".key", "%d columns, and %d is the most", len(t.Keys), MaxKeys)
		return
	}
	for i, k := range t.Keys {
		if k == "" || slices.Contains(t.Keys[:i], k) {
			b.badf(path+".key", "the column %q is empty or given twice", k)
		}
	}
	switch {
	case len(t.Keys) == 0:
		b.badf(path+".key", "no key; name the column that the map %s is for", t.Group)
	case g != nil && len(t.Keys) != len(g.types):
		b.badf(path+".key", "%d columns, and the map %s is for %d", len(t.Keys), t.Group, len(g.types))
	}
	if g != nil {
		made.Types, made.group = g.types, g
	}
}
