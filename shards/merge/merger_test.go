package merge

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
)

// dataRow is a DataRow of so many columns; nil is NULL.
func dataRow(columns ...[]byte) []byte {
	b := []byte{'D', 0, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(len(columns)))
	for _, c := range columns {
		if c == nil {
			b = append(b, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(c)))
		b = append(b, c...)
	}
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-1))
	return b
}

// mergeAll runs the loop that an executor runs. pick chooses which of the
// legs that are empty is told first.
func mergeAll(t testing.TB, keys []Key, legs [][][]byte, pick func(need int) int) (rows [][]byte, from []int) {
	t.Helper()
	m := New(keys, len(legs))
	next := make([]int, len(legs))
	for {
		for leg, ok := m.Need(); ok; leg, ok = m.Need() {
			if _, _, popped := m.Pop(); popped {
				t.Fatal("popped a row while another leg could have a lesser one")
			}
			leg = pick(leg)
			if next[leg] == len(legs[leg]) {
				m.End(leg)
				continue
			}
			if err := m.Push(leg, legs[leg][next[leg]]); err != nil {
				t.Fatal(err)
			}
			next[leg]++
		}
		leg, row, ok := m.Pop()
		if !ok {
			return rows, from
		}
		rows, from = append(rows, row), append(from, leg)
	}
}

func inOrder(need int) int { return need }

// generators make random values of each type, out of few, so that there are
// many peers.
var generators = map[uint32]func(r *rand.Rand) []byte{
	oidBool: func(r *rand.Rand) []byte { return []byte{byte(r.IntN(2))} },
	oidChar: func(r *rand.Rand) []byte { return []byte{byte(r.IntN(256))} },
	oidInt2: func(r *rand.Rand) []byte { return binary.BigEndian.AppendUint16(nil, uint16(r.IntN(9)-4)) },
	oidInt4: func(r *rand.Rand) []byte { return binary.BigEndian.AppendUint32(nil, uint32(r.IntN(9)-4)) },
	oidInt8: func(r *rand.Rand) []byte { return binary.BigEndian.AppendUint64(nil, uint64(r.IntN(9)-4)) },
	oidOID:  func(r *rand.Rand) []byte { return binary.BigEndian.AppendUint32(nil, uint32(r.IntN(9)-4)) },
	oidFloat8: func(r *rand.Rand) []byte {
		list := []float64{0, math.Copysign(0, -1), 1, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324}
		return binary.BigEndian.AppendUint64(nil, math.Float64bits(list[r.IntN(len(list))]))
	},
	oidFloat4: func(r *rand.Rand) []byte {
		list := []float32{0, 1, -1, float32(math.NaN()), float32(math.Inf(1)), 1e-45}
		return binary.BigEndian.AppendUint32(nil, math.Float32bits(list[r.IntN(len(list))]))
	},
	oidText:   randomText,
	oidBpchar: randomText,
	oidBytea:  randomText,
	oidUUID: func(r *rand.Rand) []byte {
		return append(make([]byte, 15), byte(r.IntN(4)))
	},
	oidNumeric: randomNumeric,
}

func randomText(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(4))
	for i := range b {
		b[i] = " a\xe9"[r.IntN(3)]
	}
	return b
}

func randomNumeric(r *rand.Rand) []byte {
	signs := []uint16{numericPositive, numericNegative, numericPositive, numericNegative, numericNaN, numericPlusInf, numericMinusInf}
	sign := signs[r.IntN(len(signs))]
	n := r.IntN(4)
	if sign >= numericNaN {
		n = 0
	}
	b := binary.BigEndian.AppendUint16(nil, uint16(n))
	b = binary.BigEndian.AppendUint16(b, uint16(r.IntN(4)-2))
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, uint16(r.IntN(9)))
	for range n {
		b = binary.BigEndian.AppendUint16(b, []uint16{0, 0, 1, 9999}[r.IntN(4)])
	}
	return b
}

func numericOf(weight int16, sign, scale uint16, digits ...uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(digits)))
	b = binary.BigEndian.AppendUint16(b, uint16(weight))
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, scale)
	for _, d := range digits {
		b = binary.BigEndian.AppendUint16(b, d)
	}
	return b
}

// Merging sorted legs is sorting, stably, their concatenation: for random
// rows of each type, legs, keys, directions and order of arrival.
func TestMergeIsStableSort(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var oids []uint32
	for oid := range generators {
		oids = append(oids, oid)
	}
	slices.Sort(oids)
	for round := range 600 {
		var keys []Key
		var gens []func(*rand.Rand) []byte
		for i := range 1 + r.IntN(2) {
			oid := oids[(round+i*r.IntN(len(oids)))%len(oids)]
			by, ok := ComparatorOf(oid, true)
			if !ok {
				t.Fatalf("no comparator of %d", oid)
			}
			keys = append(keys, Key{by, r.IntN(2) == 0, r.IntN(2) == 0})
			gens = append(gens, generators[oid])
		}
		legs := make([][][]byte, 1+r.IntN(7))
		for i := range legs {
			for j := range r.IntN(20) {
				columns := [][]byte{fmt.Appendf(nil, "%d/%d", i, j), nil}
				for _, g := range gens {
					v := g(r)
					if r.IntN(5) == 0 {
						v = nil
					}
					columns = append(columns, v)
				}
				legs[i] = append(legs[i], dataRow(columns...))
			}
			sortRows(legs[i], keys)
		}
		want := slices.Concat(legs...)
		sortRows(want, keys)
		got, _ := mergeAll(t, keys, legs, inOrder)
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Fatalf("round %d: merged rows differ from sorted rows\n got %q\nwant %q", round, got, want)
		}
	}
}

// sortRows sorts by an order of NULLs and directions that is written out here
// a second time.
func sortRows(rows [][]byte, keys []Key) {
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := make([][]byte, len(keys)), make([][]byte, len(keys))
		if lastColumns(a, rows[i]) != nil || lastColumns(b, rows[j]) != nil {
			panic("malformed row in a test")
		}
		for k, key := range keys {
			if (a[k] == nil) != (b[k] == nil) {
				return (a[k] == nil) == key.NullsFirst
			}
			if a[k] == nil {
				continue
			}
			c := key.By.Compare(a[k], b[k])
			if key.Desc {
				c = -c
			}
			if c != 0 {
				return c < 0
			}
		}
		return false
	})
}

// Legs may answer in any order at first: the tree grows from any side.
func TestMergeInAnyOrderOfArrival(t *testing.T) {
	by, _ := ComparatorOf(oidInt8, false)
	for legs := 1; legs <= 9; legs++ {
		var streams [][][]byte
		for i := range legs {
			var rows [][]byte
			for j := i; j < 30; j += legs {
				rows = append(rows, dataRow(binary.BigEndian.AppendUint64(nil, uint64(j))))
			}
			streams = append(streams, rows)
		}
		arrival := rand.New(rand.NewPCG(uint64(legs), 0)).Perm(legs)
		begun := 0
		got, from := mergeAll(t, []Key{{By: by}}, streams, func(need int) int {
			if begun < legs {
				begun++
				return arrival[begun-1]
			}
			return need
		})
		for i, row := range got {
			if n := binary.BigEndian.Uint64(row[len(row)-8:]); int(n) != i || from[i] != i%legs {
				t.Fatalf("%d legs: row %d is %d from leg %d", legs, i, n, from[i])
			}
		}
		if len(got) != 30 {
			t.Errorf("%d legs: %d rows", legs, len(got))
		}
	}
}

func TestMergeOfNoLegs(t *testing.T) {
	m := New(nil, 0)
	if _, ok := m.Need(); ok {
		t.Error("needs a leg that there is not")
	}
	if _, _, ok := m.Pop(); ok {
		t.Error("popped from nothing")
	}
}

func TestPushRefuses(t *testing.T) {
	by, _ := ComparatorOf(oidInt8, false)
	good := dataRow(nil, make([]byte, 8))
	for name, row := range map[string][]byte{
		"nothing":             {},
		"another frame":       append([]byte{'T'}, good[1:]...),
		"a wrong length":      append(slices.Clone(good), 0),
		"no key":              dataRow(),
		"a short key":         dataRow(nil, make([]byte, 7)),
		"a short column":      func() []byte { b := slices.Clone(good); b[len(b)-9] = 9; return b }(),
		"a negative length":   func() []byte { b := slices.Clone(good); b[len(b)-12] = 0x80; return b }(),
		"more columns":        func() []byte { b := slices.Clone(good); b[6] = 3; return b }(),
		"bytes after the end": func() []byte { b := slices.Clone(good); b[6] = 1; return b }(),
	} {
		m := New([]Key{{By: by}}, 1)
		if err := m.Push(0, row); err == nil {
			t.Errorf("%s: taken", name)
		}
		if err := m.Push(0, good); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
		if err := m.Push(0, good); err == nil {
			t.Errorf("after %s: a second row of one leg was taken", name)
		}
	}
}

func BenchmarkMerge(b *testing.B) {
	number := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	text := func(n int) []byte { return fmt.Appendf(nil, "a text of some length %09d", n) }
	numeric := func(n int) []byte { return numericOf(2, 0, 2, 1, uint16(n/10000%10000), uint16(n%10000), 1200) }
	for name, c := range map[string]struct {
		oid uint32
		key func(int) []byte
	}{"int8": {oidInt8, number}, "text": {oidText, text}, "numeric": {oidNumeric, numeric}} {
		for _, legs := range []int{4, 32} {
			b.Run(fmt.Sprintf("%s/%d", name, legs), func(b *testing.B) {
				by, _ := ComparatorOf(c.oid, true)
				r := rand.New(rand.NewPCG(3, 4))
				const rows = 1 << 14
				streams := make([][][]byte, legs)
				for i := range rows {
					leg := r.IntN(legs)
					streams[leg] = append(streams[leg], dataRow([]byte("12345"), []byte("a visible column"), nil, c.key(i)))
				}
				next := make([]int, legs)
				b.ReportAllocs()
				b.ResetTimer()
				for done := 0; done < b.N; {
					b.StopTimer()
					m := New([]Key{{By: by}}, legs)
					clear(next)
					b.StartTimer()
					for {
						for leg, ok := m.Need(); ok; leg, ok = m.Need() {
							if next[leg] == len(streams[leg]) {
								m.End(leg)
								continue
							}
							if err := m.Push(leg, streams[leg][next[leg]]); err != nil {
								b.Fatal(err)
							}
							next[leg]++
						}
						if _, _, ok := m.Pop(); !ok {
							break
						}
						done++
					}
				}
			})
		}
	}
}
