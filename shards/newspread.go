package shards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// hash makes a table of slots. It is not used if a problem was found.
func (b *builder) hash(g *Group, path string) spread {
	n := g.Slots
	if n == 0 {
		n = DefaultSlots
	}
	if n < MinSlots || n > MaxSlots || n&(n-1) != 0 {
		b.badf(path+".slots", "%d is not a power of two between %d and %d", n, MinSlots, MaxSlots)
		return nil
	}
	if len(g.Placement) == 0 {
		if b.placed[n] == nil {
			b.placed[n] = newSlots(place(n, b.weights()))
		}
		return b.placed[n]
	}
	owner := make([]uint8, n)
	placed := make([]int, n) // by which entry, from 1
	for i, p := range g.Placement {
		at := fmt.Sprintf("%s.placement[%d]", path, i)
		shard := b.shard(at+".shard", p.Shard)
		runs, wrong := readRuns(p.Slots, n)
		if wrong != "" {
			b.badf(at+".slots", "%s", wrong)
		}
		for _, r := range runs {
			if b.placeRun(r, owner, placed, i, shard, at) {
				break
			}
		}
	}
	if missing := slices.Index(placed, 0); missing >= 0 && b.clean(path+".placement") {
		end := missing
		for end+1 < n && placed[end+1] == 0 {
			end++
		}
		b.badf(path+".placement", "the slots %s are on no shard", runText(missing, end))
	}
	return newSlots(owner)
}

// placeRun gives a run of slots to a shard, and reports the first that another
// entry has.
func (b *builder) placeRun(r [2]int, owner []uint8, placed []int, entry, shard int, at string) (twice bool) {
	for s := r[0]; s <= r[1]; s++ {
		if placed[s] != 0 {
			b.badf(at+".slots", "the slot %d is in placement[%d] already", s, placed[s]-1)
			return true
		}
		owner[s], placed[s] = uint8(max(0, shard)), entry+1
	}
	return false
}

// clean tells whether nothing was found wrong within path.
func (b *builder) clean(path string) bool {
	return !slices.ContainsFunc(b.problems, func(p Problem) bool { return strings.HasPrefix(p.Path, path) })
}

// readRuns reads "0-1023,2048".
func readRuns(text string, n int) (runs [][2]int, wrong string) {
	for part := range strings.SplitSeq(text, ",") {
		from, to, isRun := strings.Cut(strings.TrimSpace(part), "-")
		if !isRun {
			to = from
		}
		a, err1 := strconv.Atoi(strings.TrimSpace(from))
		z, err2 := strconv.Atoi(strings.TrimSpace(to))
		if err1 != nil || err2 != nil || a < 0 || a > z || z >= n {
			return nil, fmt.Sprintf("%q are not slots; write 0-%d, or single slots, with commas between", strings.TrimSpace(part), n-1)
		}
		runs = append(runs, [2]int{a, z})
	}
	return runs, ""
}

// value reads a key of a range or a list.
func (b *builder) value(g *Group, path, text string) (shardfunc.Value, bool) {
	v, err := shardfunc.FromText(g.Types[0], text)
	if err != nil {
		b.badf(path, "%q is not a certain value of %s; write %s", text, g.Types[0], example(g.Types[0]))
		return v, false
	}
	return v.Key(), true
}

// example shows how values of a type are written.
func example(t shardfunc.Type) string {
	switch t.Family() {
	case shardfunc.Int8:
		return "a whole number in its range"
	case shardfunc.Numeric:
		return "a number, as -12.50"
	case shardfunc.Date:
		return `"2024-12-31"`
	case shardfunc.Timestamp:
		return `"2024-12-31 00:00:00"`
	case shardfunc.Timestamptz:
		return `"2024-12-31 00:00:00+00", with the zone as a number`
	case shardfunc.UUID:
		return `"8f14e45f-ceea-467a-9575-0f3b9a8d1c21"`
	case shardfunc.Bytea:
		return `"\\x00ff"`
	}
	return "valid UTF-8"
}

func (b *builder) fallback(g *Group, path string) int {
	if g.Default == "" {
		return -1
	}
	return b.shard(path+".default", g.Default)
}

// entry is a span and where it was written.
type entry struct {
	span
	at int
}

func (b *builder) ranges(g *Group, path string) spread {
	r := &ranges{fallback: b.fallback(g, path)}
	if len(g.Ranges) == 0 {
		b.badf(path+".ranges", "no ranges; write [{to: ..., shard: ...}, {from: ..., shard: ...}]")
	}
	var entries []entry
	for i, k := range g.Ranges {
		if e, ok := b.entry(g, i, k, fmt.Sprintf("%s.ranges[%d]", path, i)); ok {
			entries = append(entries, e)
		}
	}
	slices.SortStableFunc(entries, func(x, y entry) int {
		switch {
		case x.lo.IsNull() || y.lo.IsNull():
			return boolOrder(x.lo.IsNull(), y.lo.IsNull())
		}
		return shardfunc.Compare(x.lo, y.lo)
	})
	for i := 1; i < len(entries); i++ {
		b.neighbours(g, path, entries[i-1], entries[i])
	}
	for _, e := range entries {
		r.spans = append(r.spans, e.span)
	}
	return r
}

// boolOrder puts the one that is true first.
func boolOrder(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

func (b *builder) entry(g *Group, i int, k KeyRange, path string) (e entry, ok bool) {
	e.at, ok = i, true
	null := shardfunc.Null(g.Types[0])
	e.lo, e.hi = null, null
	if e.shard = b.shard(path+".shard", k.Shard); e.shard < 0 {
		ok = false
	}
	if k.HasFrom {
		v, good := b.value(g, path+".from", k.From)
		e.lo, ok = v, ok && good
	}
	if k.HasTo {
		v, good := b.value(g, path+".to", k.To)
		e.hi, ok = v, ok && good
	}
	if ok && !e.lo.IsNull() && !e.hi.IsNull() && shardfunc.Compare(e.lo, e.hi) >= 0 {
		b.badf(path, "the range is empty: from %s up to, but not including, %s", k.From, k.To)
		ok = false
	}
	return e, ok
}

// neighbours reports two ranges that overlap or leave a gap.
func (b *builder) neighbours(g *Group, path string, x, y entry) {
	at := fmt.Sprintf("%s.ranges[%d]", path, y.at)
	switch {
	case y.lo.IsNull() || x.hi.IsNull() || shardfunc.Compare(y.lo, x.hi) < 0:
		b.badf(at, "%s overlaps ranges[%d], which is %s", y.span, x.at, x.span)
	case g.Default == "" && shardfunc.Compare(y.lo, x.hi) > 0:
		b.badf(at, "nothing holds the keys from %s up to %s, between ranges[%d] and ranges[%d]; close the gap, or name a default", shown(x.hi), shown(y.lo), x.at, y.at)
	}
}

func (b *builder) lists(g *Group, path string) spread {
	l := &lists{shard: map[shardfunc.Value]int{}, fallback: b.fallback(g, path)}
	if len(g.Lists) == 0 {
		b.badf(path+".lists", "no lists; write [{values: [...], shard: ...}]")
	}
	first := map[shardfunc.Value]int{}
	for i, k := range g.Lists {
		at := fmt.Sprintf("%s.lists[%d]", path, i)
		shard := b.shard(at+".shard", k.Shard)
		if len(k.Values) == 0 {
			b.badf(at+".values", "no values")
		}
		for j, text := range k.Values {
			item := fmt.Sprintf("%s.values[%d]", at, j)
			v, ok := b.value(g, item, text)
			if !ok {
				continue
			}
			if n, twice := first[v]; twice {
				b.badf(item, "%s is in lists[%d] already", shown(v), n)
				continue
			}
			first[v], l.shard[v] = i, shard
		}
	}
	return l
}
