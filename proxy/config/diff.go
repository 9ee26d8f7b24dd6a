package config

import (
	"cmp"
	"slices"
	"strings"
)

// Change is one difference between two configurations. Old and New are in the
// words of the file, masked; for a named thing that came or went as a whole,
// Path is its own and Old and New are "absent" and "present".
type Change struct {
	Path         string
	Old, New     string
	NeedsRestart bool
}

// What Diff says of a named thing as a whole.
const (
	absent  = "absent"
	present = "present"
)

// Diff returns what becomes different from old to new, sorted by path. The order
// of named things is not a difference, but that of shards is: slots are placed
// by it.
func Diff(old, new *Config) []Change {
	before, after := byPath(Values(old)), byPath(Values(new))
	changes := map[string]Change{}
	note := func(path, from, to string, restart bool) {
		restart = restart || changes[path].NeedsRestart
		changes[path] = Change{path, from, to, restart}
	}
	for path, v := range after.values {
		was := before.values[path]
		switch {
		case before.lacks(v) != "":
			note(before.lacks(v), absent, present, !v.Reloadable)
		case was.raw != v.raw: // unknown and not set are alike
			note(path, was.Value, v.Value, !v.Reloadable)
		}
	}
	for path, was := range before.values {
		_, kept := after.values[path]
		switch {
		case after.lacks(was) != "":
			note(after.lacks(was), present, absent, !was.Reloadable)
		case !kept && was.raw != "":
			note(path, was.Value, "", !was.Reloadable)
		}
	}
	for i := range new.Clusters {
		c := &new.Clusters[i]
		if was := old.Cluster(c.Name); was != nil && was.shardOrder(c) != c.shardOrder(was) {
			note(join("clusters", c.Name)+".shards", was.shardOrder(c), c.shardOrder(was), false)
		}
	}
	list := make([]Change, 0, len(changes))
	for _, c := range changes {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return list
}

// shardOrder lists the shards that other has too.
func (c *Cluster) shardOrder(other *Cluster) string {
	var names []string
	for _, s := range c.Shards {
		if slices.ContainsFunc(other.Shards, func(o Shard) bool { return o.Name == s.Name }) {
			names = append(names, s.Name)
		}
	}
	return strings.Join(names, ", ")
}

type snapshot struct {
	values map[string]Value
	things map[string]bool
}

// lacks is the named thing of v, or the one around it, that is not in s.
func (s snapshot) lacks(v Value) string {
	for _, thing := range []string{v.outer, v.thing} {
		if thing != "" && !s.things[thing] {
			return thing
		}
	}
	return ""
}

func byPath(all []Value) snapshot {
	s := snapshot{map[string]Value{}, map[string]bool{}}
	for _, v := range all {
		s.values[v.Path] = v
		if v.thing != "" {
			s.things[v.thing] = true
		}
		if v.outer != "" {
			s.things[v.outer] = true
		}
	}
	return s
}
