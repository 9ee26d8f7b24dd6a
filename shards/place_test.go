package shards

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// hashed is a spec with one hash map on shards of these weights.
func hashed(slots int, weights ...int) Spec {
	spec := Spec{Groups: []Group{{Name: "users", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}, Slots: slots}}, Tables: []TableSpec{{Name: "users", Group: "users", Keys: []string{"id"}}}}
	for i, w := range weights {
		spec.Shards = append(spec.Shards, Shard{Name: fmt.Sprintf("s%d", i), Weight: w})
	}
	return spec
}

func equal(n int) []int { return slices.Repeat([]int{1}, n) }

// loads counts a million keys by shard, as the study of sharding.md 1.3 did.
func loads(t *testing.T, m *Map, keys int) (counts []int, where []int) {
	counts, where = make([]int, len(m.Shards())), make([]int, keys)
	table := m.Table("", "users")
	for k := range keys {
		s, err := m.Locate(table, []shardfunc.Value{shardfunc.Int(int64(k))})
		if err != nil {
			t.Fatal(err)
		}
		counts[s]++
		where[k] = s
	}
	return counts, where
}

// TestBalance holds the line "slots 4096 + minimal move" of that table: the
// fullest shard over the mean, and the keys that move when a shard joins. Equal
// slots leave the chance of a million keys: one in 8 is off by 0.28 percent, one
// in 64 by 0.8, and each of the latter has 64 slots.
func TestBalance(t *testing.T) {
	const keys = 1_000_000
	for _, c := range []struct {
		n           int
		most, moved float64
	}{{8, 1.008, 0.1125}, {64, 1.024, 0.0157}} {
		before, after := must(t, hashed(4096, equal(c.n)...)), (*Map)(nil)
		counts, where := loads(t, before, keys)
		if got := float64(slices.Max(counts)) * float64(c.n) / keys; got > c.most {
			t.Errorf("%d shards: the fullest has %.4f of the mean", c.n, got)
		}
		if c.n == MaxShards { // one more than there may be, as slots alone
			owner := rebalance(before.groups[0].spread.(*slots).bySlot(), equal(c.n+1))
			after = &Map{names: slices.Repeat([]string{""}, c.n+1), tables: before.tables}
			table := *before.Table("", "users")
			table.group = &group{spread: newSlots(owner)}
			after.tables = map[tableName]*Table{{"public", "users"}: &table}
		} else {
			after = must(t, hashed(4096, equal(c.n+1)...))
		}
		_, then := loads(t, after, keys)
		moved := 0
		for k := range keys {
			if where[k] != then[k] {
				moved++
				if then[k] != c.n {
					t.Fatalf("key %d moves from %d to %d, neither of which is new", k, where[k], then[k])
				}
			}
		}
		if share := float64(moved) / keys; share > c.moved {
			t.Errorf("%d shards and one more: %.4f of the keys move", c.n, share)
		}
	}
}

// TestShares: each shard has its share but for a slot, if that is a slot or more.
func TestShares(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 300 {
		weights := randomWeights(r)
		n := MinSlots << r.IntN(5)
		checkShares(t, place(n, weights), weights)
	}
}

func randomWeights(r *rand.Rand) []int {
	weights := make([]int, 1+r.IntN(64))
	for i := range weights {
		weights[i] = 1 + r.IntN([]int{1, 4, 20, 1000}[r.IntN(4)])
	}
	return weights
}

func checkShares(t *testing.T, owner []uint8, weights []int) {
	t.Helper()
	have, total := make([]int, len(weights)), 0
	for _, o := range owner {
		have[o]++
	}
	for _, w := range weights {
		total += w
	}
	if len(owner)*slices.Min(weights) < total {
		return // shards of less than a slot have one nevertheless
	}
	for i, w := range weights {
		exact := float64(len(owner)*w) / float64(total)
		if math.Abs(float64(have[i])-exact) > 1.5 {
			t.Fatalf("%v: shard %d has %d slots of %d, and its share is %.2f", weights, i, have[i], len(owner), exact)
		}
	}
}

// TestMinimalMovement: a shard that joins takes slots, and no other gets any; one
// that leaves gives its slots, and no other loses any.
func TestMinimalMovement(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for range 200 {
		weights := randomWeights(r)
		if len(weights) == MaxShards {
			continue
		}
		spec := hashed(MinSlots<<r.IntN(5), weights...)
		if r.IntN(2) == 0 {
			spec = explicit(t, spec)
		}
		old := must(t, spec)
		more, problems := Add(spec, Shard{Name: "new", Weight: 1 + r.IntN(4)})
		if problems != nil {
			t.Fatal(problems)
		}
		grown := must(t, more)
		for _, m := range Diff(old, grown) {
			if m.To != "new" {
				t.Fatalf("%v: %+v", weights, m)
			}
		}
		checkShares(t, grown.groups[0].spread.(*slots).bySlot(), weightsOf(more.Shards))

		gone := more.Shards[r.IntN(len(more.Shards))].Name
		less, problems := Remove(more, gone, "")
		if problems != nil {
			t.Fatal(problems)
		}
		shrunk := must(t, less)
		for _, m := range Diff(grown, shrunk) {
			if m.From != gone {
				t.Fatalf("%v without %s: %+v", weights, gone, m)
			}
		}
		_, share := Total(Diff(grown, shrunk), "users")
		if l, _ := grown.LayoutOf("users"); share != float64(l.Parts[grown.Index(gone)].Slots)/float64(l.Slots) {
			t.Fatalf("%s had not %v of the slots", gone, share)
		}
	}
}

// explicit writes the placement out.
func explicit(t *testing.T, spec Spec) Spec {
	l, _ := must(t, spec).LayoutOf("users")
	spec.Groups = slices.Clone(spec.Groups)
	spec.Groups[0].Placement = placement(l.Parts)
	if must(t, spec).Version() == "" {
		t.Fatal("no version")
	}
	return spec
}

func TestExplicitIsTheSame(t *testing.T) {
	spec := hashed(1024, 3, 1, 4, 1, 5)
	if a, b := must(t, spec).Version(), must(t, explicit(t, spec)).Version(); a != b {
		t.Error("a placement written out is another map")
	}
}

func TestDiff(t *testing.T) {
	old := must(t, shop())
	if moves := Diff(old, old); len(moves) != 0 {
		t.Errorf("from a map to itself: %v", moves)
	}
	spec := shop()
	spec.Shards = append(spec.Shards, Shard{Name: "s3", Weight: 4})
	spec.Groups[1].Types = []shardfunc.Type{shardfunc.Int8, shardfunc.UUID}
	spec.Groups[2].Ranges = []KeyRange{{To: "2015-01-01", HasTo: true, Shard: "s0"}, {From: "2015-01-01", To: "2030-01-01", HasFrom: true, HasTo: true, Shard: "s1"}}
	spec.Groups[3].Default = ""
	spec.Groups[3].Ranges = []KeyRange{{To: "250", HasTo: true, Shard: "s0"}}
	spec.Groups[4].Default = "s3"
	spec.Groups[4].Lists[1].Values = []string{"us", "de"}
	spec.Groups[4].Lists[0].Values = []string{"fr"}
	spec.Tables[1].Keys = []string{"customer_id"}
	spec.Tables[7].Shard = "s3"
	var got []string
	for _, m := range Diff(old, must(t, spec)) {
		got = append(got, fmt.Sprintf("%s%s %s>%s %d %.3f %s", m.Group, m.Table, m.From, m.To, m.Slots, m.Share, m.What))
	}
	want := strings.Split(strings.TrimSpace(`
users s0>s3 512 0.125 512-1023
users s1>s3 1024 0.250 2389-3412
users s2>s3 512 0.125 3584-4095
pairs > 0 0.000 everything, as the map is another one
years s2>s0 0 0.000 2010-01-01 up to 2015-01-01
years s2>s1 0 0.000 2015-01-01 up to 2020-01-01
years s1> 0 0.000 from 2030-01-01
ids s2>s0 0 0.000 below 0
ids s2>s0 0 0.000 100 up to 200
ids s1>s0 0 0.000 200 up to 250
ids s1> 0 0.000 250 up to 300
ids s2> 0 0.000 from 300
countries s0>s1 0 0.000 "de"
countries >s3 0 0.000 all other keys
public.currencies >s3 0 0.000 a copy of all rows
public.jobs s2>s3 0 0.000 all rows
public.orders > 0 0.000 everything, as it was sharded by users(["user_id"]) and becomes sharded by users(["customer_id"])`), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestDiffIsExact compares Diff of slots with where keys are found.
func TestDiffIsExact(t *testing.T) {
	old, new := must(t, hashed(256, 1, 1, 1)), must(t, hashed(1024, 1, 2, 1, 3))
	moves := Diff(old, new)
	for k := range int64(20000) {
		key := []shardfunc.Value{shardfunc.Int(k)}
		a, _ := old.Locate(old.Table("", "users"), key)
		b, _ := new.Locate(new.Table("", "users"), key)
		slot := reversed(int(shardfunc.RowHash(key...)%1024), 1024)
		found := false
		for _, m := range moves {
			runs, _ := readRuns(m.What, 1024)
			for _, r := range runs {
				if slot >= r[0] && slot <= r[1] {
					found = m.From == old.Shards()[a] && m.To == new.Shards()[b]
				}
			}
		}
		if found != (a != b) {
			t.Fatalf("key %d, slot %d: %d to %d, listed %v", k, slot, a, b, found)
		}
	}
}

func TestRemove(t *testing.T) {
	_, problems := Remove(shop(), "s2", "")
	if got := fmt.Sprint(problems); got != "[maps.years.ranges[2]: is on s2; say which shard is to have it maps.ids.default: is on s2; say which shard is to have it tables.jobs: is on s2; say which shard is to have it]" {
		t.Error(got)
	}
	less, problems := Remove(shop(), "s2", "s0")
	if problems != nil {
		t.Fatal(problems)
	}
	m := must(t, less)
	if m.Table("", "jobs").Home != 0 || len(m.Shards()) != 2 || len(less.Groups[0].Placement) != 0 {
		t.Errorf("%+v", less)
	}
	for _, move := range Diff(must(t, shop()), m) {
		if move.From != "s2" {
			t.Errorf("%+v", move)
		}
	}
	if less, _ := Remove(shop(), "s0", "s1"); len(less.Groups[0].Placement) != 2 {
		t.Errorf("one from the middle leaves a placement: %+v", less.Groups[0])
	}
	for _, c := range [][2]string{{"s9", ""}, {"s0", "s0"}, {"s0", "s9"}} {
		if _, problems := Remove(shop(), c[0], c[1]); len(problems) != 1 {
			t.Error(c, problems)
		}
	}
	if _, problems := Remove(hashed(256, 1), "s0", ""); len(problems) != 1 {
		t.Error(problems)
	}
}

func TestLayouts(t *testing.T) {
	var b strings.Builder
	for _, l := range must(t, shop()).Layouts() {
		fmt.Fprintf(&b, "%s: %s, %d, default %q", l.Name, l, l.Slots, l.Default)
		for _, p := range l.Parts {
			fmt.Fprintf(&b, "; %s %d %s", p.Shard, p.Slots, p.What)
		}
		b.WriteByte('\n')
	}
	want := `users: consistent_hash of int8, 4096, default ""; s0 1024 0-1023; s1 2048 1365-3412; s2 1024 1024-1364,3413-4095
pairs: consistent_hash of int8, text, 256, default ""; s0 101 100-199,255; s1 55 200-254; s2 100 0-99
years: range of date, 0, default ""; s0 0 below 2010-01-01; s2 0 2010-01-01 up to 2020-01-01; s1 0 from 2020-01-01
ids: range of int4, 0, default "s2"; s0 0 0 up to 100; s1 0 200 up to 300
countries: list of text, 0, default ""; s0 0 "de"; s0 0 "fr"; s1 0 "us"
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
}
