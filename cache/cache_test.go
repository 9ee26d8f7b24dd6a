package cache

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func look(c *Cache, now, since Instant, ttl, stale time.Duration) Lookup {
	return Lookup{Now: now, ValidSince: since, TTL: ttl, Stale: stale, Rule: c.Rule("r")}
}

// keep stores an answer.
func keep(t testing.TB, c *Cache, key string, asOf Instant, frames string, tables ...string) {
	t.Helper()
	fill, _ := c.Begin([]byte(key), look(c, asOf, 0, time.Hour, 0), tables)
	if fill == nil || !fill.Commit([]byte(frames), asOf, 0) {
		t.Fatal("not stored")
	}
}

func TestValidity(t *testing.T) {
	const asOf = 1000
	for _, tt := range []struct {
		name         string
		now, since   Instant
		hit, refresh bool
		dropped      Cause
	}{
		{"fresh", 1001, 0, true, false, 0},
		{"written before", 1001, 999, true, false, 0},
		{"written at that very moment", 1001, 1000, false, false, Written},
		{"written after", 1001, 1001, false, false, Written},
		{"at the end of its ttl", 1100, 0, true, false, 0},
		{"past its ttl", 1101, 0, true, true, 0},
		{"past its ttl and written", 1101, 1050, false, false, Written},
		{"too old", 1151, 0, false, false, Expired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := New(Limits{Bytes: 1 << 20})
			keep(t, c, "k", asOf, "answer", "t")
			e, refresh := c.Get([]byte("k"), look(c, tt.now, tt.since, 100, 50))
			if (e != nil) != tt.hit || refresh != tt.refresh || e != nil && string(e.Frames) != "answer" {
				t.Errorf("got %v, %v", e, refresh)
			}
			n := c.Counts()[0]
			if !tt.hit && (n.Dropped[tt.dropped] != 1 || n.Entries != 0 || n.Bytes != 0) {
				t.Errorf("%+v", n)
			}
			if used, _ := c.Bytes(); used != n.Bytes {
				t.Errorf("%d bytes counted, %d of the rule", used, n.Bytes)
			}
		})
	}
}

// TestOneAsksAnew: of those who find an answer too old one asks again, and if
// that comes to nothing, another.
func TestOneAsksAnew(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	keep(t, c, "k", 1000, "old")
	l := look(c, 1120, 0, 100, 50)
	for range 2 {
		e, refresh := c.Get([]byte("k"), l)
		if e == nil || !refresh {
			t.Fatalf("got %v, %v", e, refresh)
		}
		if e, refresh := c.Get([]byte("k"), l); e == nil || refresh {
			t.Errorf("the second: %v, %v", e, refresh)
		}
		fill, _ := c.Begin([]byte("k"), l, nil)
		fill.Abandon()
		fill.Abandon()
	}
	fill, _ := c.Begin([]byte("k"), l, nil)
	if !fill.Commit([]byte("new"), 1120, 0) || fill.Commit([]byte("newer"), 1120, 0) {
		t.Error("one end")
	}
	if e, refresh := c.Get([]byte("k"), l); string(e.Frames) != "new" || refresh {
		t.Errorf("got %v, %v", e, refresh)
	}
}

func TestFills(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	begin := func(now, since Instant) (*Fill, *Wait) {
		return c.Begin([]byte("k"), look(c, now, since, time.Hour, 0), nil)
	}
	first, _ := begin(1000, 0)
	if f, w := begin(1001, 999); f != nil || w == nil {
		t.Error("two fill")
	}
	second, w := begin(1005, 1000) // what is under way is too old for this one
	if second == nil || w != nil {
		t.Fatal("it would wait in vain")
	}
	if first.Commit([]byte("late"), 1000, 1002) {
		t.Error("stored although written since")
	}
	_, wait := begin(1006, 1004)
	if wait == nil {
		t.Fatal("the end of the first ended the second")
	}
	second.Commit([]byte("good"), 1005, 1000)
	<-wait.Done()
	if e, _ := c.Get([]byte("k"), look(c, 1010, 1004, time.Hour, 0)); e == nil || string(e.Frames) != "good" {
		t.Errorf("got %v", e)
	}
	older, _ := begin(1020, 1005)
	older.Commit([]byte("older"), 900, 0)
	if e, _ := c.Get([]byte("k"), look(c, 1030, 0, time.Hour, 0)); string(e.Frames) != "good" {
		t.Error("an older answer took the place of a younger one")
	}
}

// TestManyWait: a thousand who want one answer cause one fill.
func TestManyWait(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	l := look(c, 1000, 0, time.Hour, 0)
	var fills, answered atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 1000 {
		all.Go(func() {
			<-start
			for {
				if e, _ := c.Get([]byte("k"), l); e != nil {
					answered.Add(1)
					return
				}
				fill, wait := c.Begin([]byte("k"), l, nil)
				if fill == nil {
					<-wait.Done()
					continue
				}
				fills.Add(1)
				time.Sleep(20 * time.Millisecond)
				fill.Commit([]byte("x"), l.Now, 0)
			}
		})
	}
	close(start)
	all.Wait()
	if fills.Load() != 1 || answered.Load() != 1000 {
		t.Errorf("%d fills, %d answered", fills.Load(), answered.Load())
	}
}

func TestFlush(t *testing.T) {
	c := New(Limits{Bytes: 1 << 20})
	keep(t, c, "1", 1, "x", "a")
	keep(t, c, "2", 1, "x", "a", "b")
	keep(t, c, "3", 1, "x", "c")
	if got := fmt.Sprint(c.Tables()); got != fmt.Sprintf("[{a 2 %d} {b 1 %d} {c 1 %d}]", 2*322, 322, 322) {
		t.Error(got)
	}
	if n := c.Flush("b", "c"); n != 2 {
		t.Errorf("dropped %d", n)
	}
	if n := c.FlushAll(Defined); n != 1 {
		t.Errorf("dropped %d", n)
	}
	if n := c.Counts()[0]; n.Dropped[Flushed] != 2 || n.Dropped[Defined] != 1 || n.Bytes != 0 {
		t.Errorf("%+v", n)
	}
}

// TestLimitUnderLoad: the limit holds at every moment, whoever stores, and
// after it was made smaller.
func TestLimitUnderLoad(t *testing.T) {
	const limit = 64 << 10
	c := New(Limits{Bytes: limit})
	stop := make(chan struct{})
	var watching, storing sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if used, most := c.Bytes(); used > most && most == limit {
					t.Errorf("%d bytes", used)
					return
				}
			}
		}
	})
	for g := range 8 {
		storing.Go(func() {
			for i := range 2000 {
				key := []byte(fmt.Sprint("key", g, i%300))
				l := look(c, Instant(i+1), 0, time.Hour, 0)
				if fill, _ := c.Begin(key, l, nil); fill != nil {
					fill.Commit(bytes.Repeat([]byte("x"), i%3000), l.Now, 0)
				}
			}
		})
	}
	storing.Wait()
	close(stop)
	watching.Wait()
	if used, _ := c.Bytes(); used < limit/2 {
		t.Errorf("only %d bytes of %d are used", used, limit)
	}
	c.Resize(Limits{Bytes: limit / 4})
	if used, _ := c.Bytes(); used > limit/4 || used == 0 {
		t.Errorf("%d bytes after the limit became %d", used, limit/4)
	}
	fill, _ := c.Begin([]byte("huge"), look(c, 1, 0, 1, 0), nil)
	if fill.Commit(make([]byte, limit), 1, 0) {
		t.Error("stored more than the limit")
	}
	if c.FlushAll(Flushed); c.all.used.Load() != 0 {
		t.Errorf("%d bytes of nothing", c.all.used.Load())
	}
}

// TestLeastRecentlyUsedGoes, store by store.
func TestLeastRecentlyUsedGoes(t *testing.T) {
	const all, hot = 3200, 320
	c := New(Limits{Bytes: 4 << 20})
	for i := range all {
		keep(t, c, fmt.Sprint(i), 1, "x")
	}
	for i := range hot {
		c.Get([]byte(fmt.Sprint(i)), look(c, 2, 0, time.Hour, 0))
	}
	used, _ := c.Bytes()
	c.Resize(Limits{Bytes: used * 3 / 10})
	left := 0
	for i := range hot {
		if e, _ := c.Get([]byte(fmt.Sprint(i)), look(c, 2, 0, time.Hour, 0)); e != nil {
			left++
		}
	}
	if left < hot*95/100 { // stores give way in turns, and some have fewer entries than others
		t.Errorf("%d of the %d that were used last are left", left, hot)
	}
}

func BenchmarkHit(b *testing.B) {
	c := New(Limits{Bytes: 64 << 20})
	keys := make([][]byte, 1024)
	for i := range keys {
		keys[i] = append(bytes.Repeat([]byte("k"), 400), fmt.Sprint(i)...)
		keep(b, c, string(keys[i]), 1, "answer")
	}
	l := look(c, 2, 0, time.Hour, 0)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if e, _ := c.Get(keys[i&1023], l); e == nil {
				b.Fatal("miss")
			}
		}
	})
}
