package freshness

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

func TestWrites(t *testing.T) {
	var c Clock
	check := func(step string, want Instant, tables ...string) {
		t.Helper()
		if got := c.WroteTables(tables); got != want {
			t.Errorf("%s: %v last written at %d, want %d", step, tables, got, want)
		}
	}
	check("never", 0, "a")
	c.Wrote(10, []string{"a", "b"}, false)
	c.Wrote(20, []string{"b"}, false)
	check("a", 10, "a")
	check("the younger of two", 20, "a", "b")
	check("another", 0, "c")
	check("of no tables", 0)
	c.Wrote(15, []string{"b"}, false)
	check("an older write does not turn it back", 20, "b")
	c.Wrote(30, nil, true)
	check("a write of anything", 30, "c")
	check("a read of nothing that is known", 30)
	c.Wrote(40, nil, false)
	check("a write of no table", 30, "a")
	if got := c.WroteAnything(); got != 40 {
		t.Errorf("anything was last written at %d, want 40", got)
	}
}

// However many names there are, memory is bounded and no write is forgotten.
func TestManyTables(t *testing.T) {
	var c Clock
	truth := map[string]Instant{}
	rng := rand.New(rand.NewPCG(3, 4))
	for at := Instant(1); at < 60_000; at++ {
		table := fmt.Sprint("t", rng.IntN(20_000))
		c.Wrote(at, []string{table}, false)
		truth[table] = at
		if n := len(c.writes.tables); n > maxTables {
			t.Fatalf("%d tables kept", n)
		}
	}
	for table, at := range truth {
		if got := c.WroteTables([]string{table}); got < at || got > 60_000 {
			t.Fatalf("%s last written at %d, want %d or somewhat later", table, got, at)
		}
	}
	if got := c.WroteTables([]string{"never"}); got > 58_000 {
		t.Errorf("an unknown table counts as written at %d: the youngest were thrown together", got)
	}
}

// A table that was thrown together with others and comes back with an older
// write than it had.
func TestATableComesBack(t *testing.T) {
	var c Clock
	c.Wrote(100, []string{"a"}, false)
	for i := range maxTables {
		c.Wrote(Instant(101+i), []string{fmt.Sprint("t", i)}, false)
	}
	if _, ok := c.writes.tables["a"]; ok {
		t.Fatal("it was not thrown together with others")
	}
	c.Wrote(50, []string{"a"}, false)
	if got := c.WroteTables([]string{"a"}); got < 100 {
		t.Errorf("last written at %d, want 100 or later", got)
	}
}

// Late writers of tables that are being thrown together.
func TestWritesAtOnce(t *testing.T) {
	var c Clock
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 20_000 {
				table := []string{fmt.Sprint("t", g, "_", i%5000)}
				at := Instant(i + 1)
				c.Wrote(at, table, false)
				if got := c.WroteTables(table); got < at {
					t.Errorf("written at %d, reads as %d", at, got)
					return
				}
			}
		})
	}
	wg.Wait()
}

// The names given are parts of long texts, which must not be kept alive.
func TestNamesAreCopied(t *testing.T) {
	var c Clock
	given := strings.Repeat("x", 1000)[:5]
	c.Wrote(1, []string{given}, false)
	for kept := range c.writes.tables {
		if kept != given || unsafe.StringData(kept) == unsafe.StringData(given) {
			t.Errorf("%s is kept as it was given", kept)
		}
	}
}

func TestWritesDoNotAllocate(t *testing.T) {
	var c Clock
	tables := []string{"accounts", "branches"}
	c.Wrote(1, tables, false)
	at := Instant(1)
	if n := testing.AllocsPerRun(100, func() {
		at++
		c.Wrote(at, tables, true)
		c.WroteTables(tables)
		c.WroteAnything()
		c.FreshAsOf(1)
		Now()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWrote(b *testing.B) {
	var c Clock
	tables := []string{"accounts"}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Wrote(Now(), tables, false)
		}
	})
}

func BenchmarkReadCheck(b *testing.B) {
	var c Clock
	tables := []string{"accounts"}
	c.Wrote(1, tables, false)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = c.FreshAsOf(1) >= c.WroteTables(tables)
		}
	})
}
