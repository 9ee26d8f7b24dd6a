package shards

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/shards/shardfunc"
)

// shop is a spec with something of everything.
func shop() Spec {
	return Spec{
		Shards: []Shard{{Name: "s0", Weight: 1}, {Name: "s1", Weight: 2}, {Name: "s2", Weight: 1}},
		Groups: []Group{
			{Name: "users", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}},
			{Name: "pairs", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8, shardfunc.Text}, Slots: 256, Placement: []Placed{{"0-99", "s2"}, {"100-199,255", "s0"}, {"200-254", "s1"}}},
			{Name: "years", Kind: Range, Types: []shardfunc.Type{shardfunc.Date}, Ranges: []KeyRange{
				{From: "2020-01-01", HasFrom: true, Shard: "s1"}, {To: "2010-01-01", HasTo: true, Shard: "s0"}, {From: "2010-01-01", To: "2020-01-01", HasFrom: true, HasTo: true, Shard: "s2"}}},
			{Name: "ids", Kind: Range, Types: []shardfunc.Type{shardfunc.Int4}, Default: "s2", Ranges: []KeyRange{
				{From: "0", To: "100", HasFrom: true, HasTo: true, Shard: "s0"}, {From: "200", To: "300", HasFrom: true, HasTo: true, Shard: "s1"}}},
			{Name: "countries", Kind: List, Types: []shardfunc.Type{shardfunc.Text}, Lists: []KeyList{{[]string{"de", "fr"}, "s0"}, {[]string{"us"}, "s1"}}},
		},
		Tables: []TableSpec{
			{Name: "users", Group: "users", Keys: []string{"id"}},
			{Name: "orders", Group: "users", Keys: []string{"user_id"}},
			{Schema: "audit", Name: "pairs", Group: "pairs", Keys: []string{"a", "b"}},
			{Name: "events", Group: "years", Keys: []string{"day"}},
			{Name: "ids", Group: "ids", Keys: []string{"id"}},
			{Name: "customers", Group: "countries", Keys: []string{"country"}},
			{Name: "currencies", Reference: true},
			{Name: "jobs", Shard: "s2"},
		},
	}
}

func must(t testing.TB, spec Spec) *Map {
	t.Helper()
	m, problems := New(spec)
	for _, p := range problems {
		t.Error(p)
	}
	if m == nil {
		t.FailNow()
	}
	return m
}

func value(t testing.TB, typ shardfunc.Type, text string) shardfunc.Value {
	t.Helper()
	v, err := shardfunc.FromText(typ, text)
	if err != nil {
		t.Fatal(typ, text, err)
	}
	return v
}

func TestTables(t *testing.T) {
	m := must(t, shop())
	if got := fmt.Sprint(m.Tables()); got != "[audit.pairs public.currencies public.customers public.events public.ids public.jobs public.orders public.users]" {
		t.Error(got)
	}
	if m.Table("", "users") != m.Table("public", "users") || m.Table("audit", "users") != nil || m.Table("", "pairs") != nil {
		t.Error("a table of one schema is found in another")
	}
	if o := m.Table("", "orders"); o.Kind != Sharded || o.Group != "users" || o.Keys[0] != "user_id" || o.Types[0] != shardfunc.Int8 {
		t.Errorf("%+v", o)
	}
	if c, j := m.Table("", "currencies"), m.Table("", "jobs"); c.Kind != Reference || j.Kind != Single || j.Home != 2 || m.Holders(c) != All(3) || m.Holders(j) != One(2) {
		t.Errorf("%+v %+v", c, j)
	}
	if m.Index("s1") != 1 || m.Index("s9") != -1 || len(m.Shards()) != 3 {
		t.Error(m.Shards())
	}
}

func TestLocate(t *testing.T) {
	m := must(t, shop())
	for _, c := range []struct {
		table string
		keys  []string
		want  string
	}{
		{"events", []string{"2009-12-31"}, "s0"}, {"events", []string{"2010-01-01"}, "s2"}, {"events", []string{"2019-12-31"}, "s2"}, {"events", []string{"2020-01-01"}, "s1"},
		{"events", []string{"infinity"}, "s1"}, {"events", []string{"-infinity"}, "s0"},
		{"ids", []string{"-1"}, "s2"}, {"ids", []string{"0"}, "s0"}, {"ids", []string{"99"}, "s0"}, {"ids", []string{"100"}, "s2"}, {"ids", []string{"200"}, "s1"}, {"ids", []string{"300"}, "s2"},
		{"customers", []string{"fr"}, "s0"}, {"customers", []string{"us"}, "s1"}, {"customers", []string{"us "}, "unmapped"}, {"customers", []string{""}, "unmapped"},
		{"users", []string{"NULL"}, "null"}, {"users", []string{"1", "2"}, "key"}, {"users", nil, "key"}, {"jobs", nil, "s2"}, {"currencies", nil, "key"},
	} {
		table := m.Table("", c.table)
		var vs []shardfunc.Value
		for i, k := range c.keys {
			typ := table.Types[min(i, len(table.Types)-1)]
			if k == "NULL" {
				vs = append(vs, shardfunc.Null(typ))
			} else {
				vs = append(vs, value(t, typ, k))
			}
		}
		shard, err := m.Locate(table, vs)
		got := m.Shards()[shard]
		switch {
		case errors.Is(err, ErrNull):
			got = "null"
		case errors.Is(err, ErrUnmapped):
			got = "unmapped"
		case errors.Is(err, ErrKey):
			got = "key"
		}
		if got != c.want {
			t.Errorf("%s %v: %s, not %s", c.table, c.keys, got, c.want)
		}
	}
	if _, err := m.Locate(m.Table("", "users"), []shardfunc.Value{shardfunc.String(shardfunc.Text, "7")}); !errors.Is(err, ErrKey) {
		t.Error("a text is no integer key:", err)
	}
	// A bpchar is of the family of text, and has lost its blanks.
	if s, err := m.Locate(m.Table("", "customers"), []shardfunc.Value{value(t, shardfunc.Bpchar, "us   ")}); s != 1 || err != nil {
		t.Error(s, err)
	}
}

// TestSlot holds the rule that the SQL of shardfunc relies on: the remainder of
// the row hash finds the shard, and slots are numbered by its reversed bits.
func TestSlot(t *testing.T) {
	m := must(t, shop())
	pairs := m.Table("audit", "pairs")
	r := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		key := []shardfunc.Value{shardfunc.Int(r.Int64()), shardfunc.String(shardfunc.Text, fmt.Sprint(r.IntN(100)))}
		rest, slot := int(shardfunc.RowHash(key...)%256), 0
		for bit := range 8 {
			slot |= rest >> bit & 1 << (7 - bit)
		}
		want := 1
		switch {
		case slot < 100:
			want = 2
		case slot < 200 || slot == 255:
			want = 0
		}
		if got, err := m.Locate(pairs, key); got != want || err != nil {
			t.Fatalf("%v: remainder %d, slot %d: shard %d, not %d, %v", key, rest, slot, got, want, err)
		}
	}
	two := must(t, Spec{Shards: []Shard{{Name: "a", Weight: 0}, {Name: "b", Weight: 0}}, Groups: shop().Groups[:1], Tables: shop().Tables[:1]})
	for range 1000 {
		key := shardfunc.Int(r.Int64())
		if got, _ := two.Locate(two.Table("", "users"), []shardfunc.Value{key}); got != int(shardfunc.RowHash(key)%2) {
			t.Fatalf("two shards are the two partitions of modulus 2, and %v is on %d", key, got)
		}
	}
}

// TestLocateRange compares with every key there is, one by one: each shard that
// has a key must be found, and hashes and ranges must find no more.
func TestLocateRange(t *testing.T) {
	m := must(t, shop())
	r := rand.New(rand.NewPCG(2, 2))
	for _, table := range []*Table{m.Table("", "ids"), m.Table("", "users")} {
		for range 3000 {
			lo, hi := Bound{shardfunc.Int(r.Int64N(400) - 50), r.IntN(2) == 0}, Bound{shardfunc.Int(r.Int64N(400) - 50), r.IntN(2) == 0}
			want := Set(0)
			for k := lo.Value.Int64(); k <= hi.Value.Int64(); k++ {
				if k == lo.Value.Int64() && !lo.Inclusive || k == hi.Value.Int64() && !hi.Inclusive {
					continue
				}
				s, _ := m.Locate(table, []shardfunc.Value{shardfunc.Int(k)})
				want |= One(s)
			}
			got := m.LocateRange(table, lo, hi)
			near := hi.Value.Int64()-lo.Value.Int64() <= 1 // an open range may hold a number, but no whole one
			if got != want && !(near && got&want == want) {
				t.Fatalf("%s between %v and %v: %s, not %s", table, lo, hi, got, want)
			}
		}
	}
}

func TestLocateRangeOpen(t *testing.T) {
	m := must(t, shop())
	day := func(s string, inclusive bool) Bound { return Bound{value(t, shardfunc.Date, s), inclusive} }
	events, ids, users, customers := m.Table("", "events"), m.Table("", "ids"), m.Table("", "users"), m.Table("", "customers")
	word := func(s string) Bound { return Bound{shardfunc.String(shardfunc.Text, s), true} }
	for _, c := range []struct {
		t      *Table
		lo, hi Bound
		want   string
	}{
		{events, Bound{}, Bound{}, "0,1,2"}, {events, Bound{}, day("2010-01-01", false), "0"}, {events, Bound{}, day("2010-01-01", true), "0,2"},
		{events, day("2019-12-31", true), Bound{}, "1,2"}, {events, day("2020-01-01", true), Bound{}, "1"}, {events, day("2021-01-01", true), day("2020-01-01", true), "none"},
		{events, word("a"), Bound{}, "0,1,2"},
		{ids, Bound{}, Bound{shardfunc.Int(0), false}, "2"}, {ids, Bound{}, Bound{shardfunc.Int(0), true}, "0,2"}, {ids, Bound{shardfunc.Int(250), true}, Bound{}, "1,2"},
		{ids, Bound{shardfunc.Int(300), true}, Bound{}, "2"}, {ids, Bound{shardfunc.Int(0), true}, Bound{shardfunc.Int(100), false}, "0"},
		{users, Bound{}, Bound{shardfunc.Int(1), true}, "0,1,2"}, {users, Bound{shardfunc.Int(math.MinInt64), true}, Bound{shardfunc.Int(math.MaxInt64), true}, "0,1,2"},
		{users, Bound{shardfunc.Int(math.MaxInt64), true}, Bound{shardfunc.Int(math.MaxInt64), true}, m.oneOf(users, math.MaxInt64)},
		{customers, Bound{}, Bound{}, "0,1"}, {customers, word("g"), Bound{}, "1"}, {customers, word("v"), Bound{}, "none"}, {customers, word("de"), word("de"), "0"},
		{m.Table("", "jobs"), Bound{}, Bound{}, "2"}, {m.Table("", "currencies"), Bound{}, Bound{}, "0,1,2"}, {m.Table("audit", "pairs"), Bound{}, Bound{}, "0,1,2"},
	} {
		if got := m.LocateRange(c.t, c.lo, c.hi).String(); got != c.want {
			t.Errorf("%s between %v and %v: %s, not %s", c.t, c.lo, c.hi, got, c.want)
		}
	}
}

func (m *Map) oneOf(t *Table, n int64) string {
	s, _ := m.Locate(t, []shardfunc.Value{shardfunc.Int(n)})
	return One(s).String()
}

func TestProblems(t *testing.T) {
	spec := Spec{
		Shards: []Shard{{Name: "s0", Weight: 1}, {Name: "s1", Weight: 2000}, {Name: "s0", Weight: 1}},
		Groups: []Group{
			{Name: "a", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}, Slots: 1000},
			{Name: "b", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}, Slots: 256, Placement: []Placed{{"0-99", "s0"}, {"90-120", "s1"}, {"130-256", "s7"}, {"x", "s0"}}},
			{Name: "c", Kind: ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}, Slots: 256, Placement: []Placed{{"0-99,101-255", "s0"}}, Default: "s0"},
			{Name: "d", Kind: Range, Types: []shardfunc.Type{shardfunc.Int4, shardfunc.Int4}},
			{Name: "e", Kind: Range, Types: []shardfunc.Type{shardfunc.Int4}, Ranges: []KeyRange{
				{From: "0", To: "10", HasFrom: true, HasTo: true, Shard: "s0"}, {From: "5", To: "20", HasFrom: true, HasTo: true, Shard: "s1"}, {From: "30", HasFrom: true, Shard: "s1"},
				{From: "9", To: "9", HasFrom: true, HasTo: true, Shard: "s0"}, {From: "3000000000", HasFrom: true, Shard: "s0"}}},
			{Name: "f", Kind: Range, Types: []shardfunc.Type{shardfunc.Int4}},
			{Name: "g", Kind: List, Types: []shardfunc.Type{shardfunc.Int4}, Lists: []KeyList{{[]string{"1", "2"}, "s0"}, {[]string{"02", "x"}, "s1"}, {nil, "s1"}}, Slots: 256},
			{Name: "g", Kind: List},
			{Name: "h", Kind: "modulo", Types: []shardfunc.Type{shardfunc.Int4}},
			{Name: "i", Kind: List},
		},
		Tables: []TableSpec{
			{Name: "t", Group: "none", Keys: []string{"id"}},
			{Name: "t", Group: "a", Keys: []string{"id"}},
			{Name: "u", Group: "c"},
			{Name: "v"},
			{Name: "w", Reference: true, Shard: "s0"},
			{Name: "x", Shard: "s8"},
			{Name: "y", Reference: true, Keys: []string{"id"}},
			{Name: "z", Group: "c", Keys: []string{"id", "id"}},
		},
	}
	m, problems := New(spec)
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	want := strings.Split(strings.TrimSpace(`
shards.s1.weight: 2000 is out of range; it must be between 1 and 1000
shards.s0: the shard is defined twice
maps.a.slots: 1000 is not a power of two between 256 and 65536
maps.b.placement[1].slots: the slot 90 is in placement[0] already
maps.b.placement[2].shard: no shard "s7" is defined; there are s0, s1, s0
maps.b.placement[2].slots: "130-256" are not slots; write 0-255, or single slots, with commas between
maps.b.placement[3].slots: "x" are not slots; write 0-255, or single slots, with commas between
maps.c.placement: the slots 100 are on no shard
maps.c.default: a map of kind consistent_hash has no default
maps.d.type: a range has a key of one column; only consistent_hash takes more
maps.e.ranges[3]: the range is empty: from 9 up to, but not including, 9
maps.e.ranges[4].from: "3000000000" is not a certain value of int4; write a whole number in its range
maps.e.ranges[1]: 5 up to 20 overlaps ranges[0], which is 0 up to 10
maps.e.ranges[2]: nothing holds the keys from 20 up to 30, between ranges[1] and ranges[2]; close the gap, or name a default
maps.f.ranges: no ranges; write [{to: ..., shard: ...}, {from: ..., shard: ...}]
maps.g.lists[1].values[0]: 2 is in lists[0] already
maps.g.lists[1].values[1]: "x" is not a certain value of int4; write a whole number in its range
maps.g.lists[2].values: no values
maps.g.slots: a map of kind list has no slots
maps.g: the map is defined twice
maps.h.kind: unknown kind "modulo"; it is one of consistent_hash, range, list
maps.i.type: no type of the key
tables.t.map: no map "none" is defined; there are a, b, c, d, e, f, g, g, h, i
tables.t: the table public.t is declared twice
tables.u.key: no key; name the column that the map c is for
tables.v: say one of map (and key), reference: true, or shard
tables.w: say one of map (and key), reference: true, or shard
tables.x.shard: no shard "s8" is defined; there are s0, s1, s0
tables.y.key: only a table with a map has a key
tables.z.key: the column "id" is empty or given twice`), "\n")
	if m != nil || !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if _, problems := New(Spec{}); len(problems) != 1 {
		t.Error(problems)
	}
	many := Spec{Shards: make([]Shard, 65)}
	for i := range many.Shards {
		many.Shards[i].Name = fmt.Sprint(i)
	}
	if _, problems := New(many); len(problems) != 1 {
		t.Error(problems)
	}
	if _, problems := New(Spec{Shards: many.Shards[:1], Groups: make([]Group, MaxGroups+1)}); len(problems) != 1 {
		t.Error(problems)
	}
	wide := hashed(256, 1)
	wide.Tables[0].Keys = make([]string, 100_000)
	if _, problems := New(wide); len(problems) != 1 {
		t.Error(problems)
	}
}

func TestVersion(t *testing.T) {
	same := must(t, shop())
	spec := shop()
	slices.Reverse(spec.Tables)
	slices.Reverse(spec.Groups)
	slices.Reverse(spec.Groups[1].Ranges)
	spec.Shards[0].Weight, spec.Shards[1].Weight, spec.Shards[2].Weight = 10, 20, 10
	if again := must(t, spec); again.Version() != same.Version() || len(same.Version()) != 12 {
		t.Error("the same map in other words has another version")
	}
	seen := map[string]int{same.Version(): -1}
	for i, change := range []func(*Spec){
		func(s *Spec) { s.Shards[0].Weight = 3 },
		func(s *Spec) { s.Shards[0], s.Shards[2] = s.Shards[2], s.Shards[0] },
		func(s *Spec) { s.Groups[0].Slots = 8192 },
		func(s *Spec) { s.Groups[0].Types[0] = shardfunc.UUID },
		func(s *Spec) { s.Groups[1].Placement[0].Shard = "s1" },
		func(s *Spec) { s.Groups[2].Ranges[0].Shard = "s2" },
		func(s *Spec) { s.Groups[3].Default = "s0" },
		func(s *Spec) { s.Groups[4].Lists[0].Values[0] = "at" },
		func(s *Spec) { s.Tables[0].Keys[0] = "uid" },
		func(s *Spec) { s.Tables[0].Name = "people" },
		func(s *Spec) { s.Tables[7].Shard = "s0" },
		func(s *Spec) { s.Tables = s.Tables[1:] },
	} {
		spec := shop()
		change(&spec)
		v := must(t, spec).Version()
		if before, known := seen[v]; known {
			t.Errorf("change %d has the version of %d", i, before)
		}
		seen[v] = i
	}
}

func BenchmarkLocate(b *testing.B) {
	m := must(b, shop())
	users := m.Table("", "users")
	key := []shardfunc.Value{shardfunc.Int(0)}
	b.ReportAllocs()
	sum := 0
	for i := 0; b.Loop(); i++ {
		key[0] = shardfunc.Int(int64(i))
		s, _ := m.Locate(users, key)
		sum += s
	}
	_ = sum
}

func BenchmarkLocateRange(b *testing.B) {
	m := must(b, shop())
	ids := m.Table("", "ids")
	key := []shardfunc.Value{shardfunc.Int(0)}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		key[0] = shardfunc.Int(int64(i))
		_, _ = m.Locate(ids, key)
	}
}

func TestLocateAllocatesNothing(t *testing.T) {
	m := must(t, shop())
	users, customers := m.Table("", "users"), m.Table("", "customers")
	id, word := []shardfunc.Value{shardfunc.Int(7)}, []shardfunc.Value{shardfunc.String(shardfunc.Text, "fr")}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = m.Locate(users, id)
		_, _ = m.Locate(customers, word)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
