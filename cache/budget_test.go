package cache

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestRecordingsCount: however many answers are being recorded at once, they
// and what is kept never take more than the limit, the rule's nor the cache's.
func TestRecordingsCount(t *testing.T) {
	const limit, capped = 256 << 10, 64 << 10
	c := New(Limits{Bytes: limit})
	small := c.Rule("small")
	c.Cap(small, capped)
	var all sync.WaitGroup
	for g := range 64 {
		all.Go(func() {
			l := look(c, 1, 0, time.Hour, 0)
			if g%2 == 0 {
				l.Rule = small
			}
			for i := range 100 {
				l.Now = Instant(i + 1)
				fill, _ := c.Begin(fmt.Append(nil, "key", g, i%20), l, nil)
				if fill == nil {
					continue
				}
				var frames []byte
				for fill.Grow(1000) {
					frames = append(frames, make([]byte, 1000)...)
					used, _ := c.Bytes()
					if n := small.budget.used.Load(); used > limit || n > capped {
						t.Errorf("%d bytes are counted, %d of the capped rule", used, n)
					}
					if len(frames) == 20_000 {
						fill.Commit(frames, l.Now, 0)
						break
					}
				}
				fill.Abandon()
			}
		})
	}
	all.Wait()
	var bytes int64
	for _, n := range c.Counts() {
		if n.Fills == 0 || n.Abandoned == 0 {
			t.Errorf("%s: %d stored, %d given up: this shows nothing", n.Rule, n.Fills, n.Abandoned)
		}
		bytes += n.Bytes
	}
	if used, _ := c.Bytes(); used != bytes || used < limit/2 {
		t.Errorf("%d bytes are used, %d by the rules", used, bytes)
	}
	if c.FlushAll(Flushed); c.all.used.Load() != 0 || small.budget.used.Load() != 0 {
		t.Errorf("%d bytes of nothing", c.all.used.Load())
	}
}

// TestRecordingsGivenUp: those that come to nothing give back what they took.
func TestRecordingsGivenUp(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	for name, end := range map[string]func(*Fill){
		"abandoned": (*Fill).Abandon, "too large": (*Fill).TooLarge, "no room": func(f *Fill) { f.Grow(1 << 20) },
		"written": func(f *Fill) { f.Commit(nil, 1, 2) }, "twice": func(f *Fill) { f.Abandon(); f.Grow(10); f.Commit(nil, 9, 2) },
	} {
		fill, _ := c.Begin([]byte("k"), look(c, 5, 0, time.Hour, 0), nil)
		if fill == nil || !fill.Grow(1000) {
			t.Fatal(name, "has no room")
		}
		if end(fill); c.all.used.Load() != 0 {
			t.Errorf("%s: %d bytes of nothing", name, c.all.used.Load())
		}
	}
}

// TestCap: a rule with a limit of its own makes room for itself, and takes
// nobody else's.
func TestCap(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	keep(t, c, "other", 1, "x")
	small := c.Rule("small")
	c.Cap(small, 20_000)
	store := func(i int) bool {
		l := look(c, Instant(i), 0, time.Hour, 0)
		l.Rule = small
		fill, _ := c.Begin(fmt.Append(nil, i), l, nil)
		return fill.Commit(bytes.Repeat([]byte("x"), 1000), l.Now, 0)
	}
	for i := range 100 {
		if !store(i + 1) {
			t.Fatal("not stored")
		}
	}
	of := func(rule int) Counts { return c.Counts()[rule] }
	if n := of(1); n.Bytes > 20_000 || n.Entries < 13 || n.Dropped[Evicted]+n.Entries != 100 || n.Limit != 20_000 {
		t.Errorf("%+v", n)
	}
	if n := of(0); n.Entries != 1 {
		t.Errorf("another's: %+v", n)
	}
	c.Cap(small, 5000)
	if n := of(1); n.Bytes > 5000 || n.Entries == 0 {
		t.Errorf("made smaller: %+v", n)
	}
	c.Cap(small, 0)
	for i := range 100 {
		store(i + 200)
	}
	if n := of(1); n.Entries < 100 {
		t.Errorf("without a limit: %+v", n)
	}
}

// TestOverhead: what is counted is what entries take.
func TestOverhead(t *testing.T) {
	const entries = 50_000
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	c := New(Limits{Bytes: 1 << 30})
	before := heap()
	for i := range entries {
		l := look(c, 1, 0, time.Hour, 0)
		fill, _ := c.Begin(fmt.Appendf(nil, "%0128d", i), l, nil)
		fill.Grow(256)
		fill.Commit(make([]byte, 256), 1, 0)
	}
	took := heap() - before
	used, _ := c.Bytes()
	if t.Logf("%d bytes an entry beside its key and frames", took/entries-128-256); took > used || took < used*3/4 {
		t.Errorf("%d bytes are counted, %d taken", used, took)
	}
	runtime.KeepAlive(c)
}
