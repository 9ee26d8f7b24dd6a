package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPace(t *testing.T) {
	const mib = 1 << 20
	p := pace{percent: gcPercent}
	for i, c := range []struct {
		since time.Duration
		live  int64
		want  int
	}{
		{10 * time.Millisecond, 2 * mib, 80},
		{10 * time.Millisecond, 2 * mib, 160},
		{5 * time.Second, 2 * mib, 160}, // neither often nor seldom
		{time.Millisecond, 2 * mib, 320},
		{time.Millisecond, 2 * mib, 640},
		{time.Millisecond, 2 * mib, 800},  // 32 MiB, of what Go takes a small heap for
		{time.Millisecond, 32 * mib, 100}, // 32 MiB again
		{time.Millisecond, 1024 * mib, gcPercent},
		{time.Millisecond, 64 * mib, 50},
		{2 * time.Minute, 64 * mib, gcPercent},
		{2 * time.Minute, 64 * mib, gcPercent},
	} {
		if got := p.next(p.at.Add(c.since), c.live); got != c.want {
			t.Fatalf("%d: %d percent, want %d", i, got, c.want)
		}
	}
}

var garbage []byte

// TestPaceOfCollections allocates 256 MiB while little is alive, with and without
// the pace.
func TestPaceOfCollections(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	count := func() uint32 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 1 << 14 {
			garbage = make([]byte, 16<<10)
		}
		runtime.ReadMemStats(&after)
		return after.NumGC - before.NumGC
	}
	without := count()
	t.Setenv("GOGC", "")
	stop := paceCollections()
	defer stop()
	count() // finds its pace
	if with := count(); with > without/2 {
		t.Errorf("%d collections, %d without", with, without)
	}
}
