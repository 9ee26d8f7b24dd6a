package shards

import (
	"cmp"
	"fmt"
	"slices"
)

// Add is spec with one more shard, placed so that as few slots move as can be.
// Ranges, lists and single tables stay where they are.
func Add(spec Spec, s Shard) (Spec, []Problem) {
	old, problems := New(spec)
	if problems != nil {
		return spec, problems
	}
	spec.Shards = append(slices.Clone(spec.Shards), s)
	spec.Groups = slices.Clone(spec.Groups)
	if spec.Shards = spec.Shards[:len(spec.Shards):len(spec.Shards)]; len(spec.Shards) <= MaxShards {
		spec.replace(old, func(owner []uint8) []uint8 { return rebalance(owner, weightsOf(spec.Shards)) })
	}
	return spec, nil
}

// Remove is spec without a shard, whose slots go to the others, and nothing
// else moves. What is placed by name (ranges, lists, defaults, single tables)
// goes to the shard heir, and is a problem if that is "".
func Remove(spec Spec, name, heir string) (Spec, []Problem) {
	old, problems := New(spec)
	if problems != nil {
		return spec, problems
	}
	gone := old.Index(name)
	switch {
	case gone < 0:
		return spec, []Problem{{Path: "shards", Message: fmt.Sprintf("no shard %q is defined", name)}}
	case len(spec.Shards) == 1:
		return spec, []Problem{{Path: "shards", Message: "this is the only shard"}}
	case heir == name || heir != "" && old.Index(heir) < 0:
		return spec, []Problem{{Path: "shards", Message: fmt.Sprintf("%q is not a shard that stays", heir)}}
	}
	weights := weightsOf(spec.Shards)
	weights[gone] = 0
	spec.Shards = slices.Delete(slices.Clone(spec.Shards), gone, gone+1)
	spec.Groups = slices.Clone(spec.Groups)
	for i := range spec.Groups {
		// Without a placement slots go by the list of shards, and only its end
		// can go without moving others.
		if g := &spec.Groups[i]; g.Kind == ConsistentHash && len(g.Placement) == 0 && gone < len(spec.Shards) {
			l, _ := old.LayoutOf(g.Name)
			g.Placement = placement(l.Parts)
		}
	}
	spec.replace(old, func(owner []uint8) []uint8 {
		owner = rebalance(owner, weights)
		for i, o := range owner {
			if int(o) > gone {
				owner[i] = o - 1
			}
		}
		return owner
	})
	return spec.inherit(name, heir)
}

func weightsOf(list []Shard) []int {
	weights := make([]int, len(list))
	for i, s := range list {
		weights[i] = max(1, s.Weight)
	}
	return weights
}

// replace changes the explicit placements of spec.Groups, which is a copy.
func (s *Spec) replace(old *Map, change func(owner []uint8) []uint8) {
	names := make([]string, len(s.Shards))
	for i := range s.Shards {
		names[i] = s.Shards[i].Name
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.Kind != ConsistentHash || len(g.Placement) == 0 {
			continue
		}
		after := newSlots(change(old.groupOf(g.Name).spread.(*slots).bySlot()))
		g.Placement = placement((&Map{names: names}).slotParts(after))
	}
}

// inherit gives to heir what is placed by name on a shard that is gone.
func (s Spec) inherit(name, heir string) (Spec, []Problem) {
	var problems []Problem
	give := func(path string, shard *string) {
		if *shard == name {
			if *shard = heir; heir == "" {
				problems = append(problems, Problem{Path: path, Message: "is on " + name + "; say which shard is to have it"})
			}
		}
	}
	for i := range s.Groups {
		g, path := &s.Groups[i], cmp.Or(s.Groups[i].Path, "maps."+s.Groups[i].Name)
		g.Ranges, g.Lists = slices.Clone(g.Ranges), slices.Clone(g.Lists)
		for j := range g.Ranges {
			give(fmt.Sprintf("%s.ranges[%d]", path, j), &g.Ranges[j].Shard)
		}
		for j := range g.Lists {
			give(fmt.Sprintf("%s.lists[%d]", path, j), &g.Lists[j].Shard)
		}
		give(path+".default", &g.Default)
	}
	s.Tables = slices.Clone(s.Tables)
	for i := range s.Tables {
		give(cmp.Or(s.Tables[i].Path, "tables."+s.Tables[i].Name), &s.Tables[i].Shard)
	}
	return s, problems
}
