package watch

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

func TestQuietServersAreAskedOnceInAWhile(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		from := f.now()
		time.Sleep(100 * time.Second)
		for i := range 3 {
			if n := f.asks(i, from); n < 99 || n > 126 {
				t.Errorf("node %d was asked %d times in 100 s, want 100 to 125", i, n)
			}
		}
	})
}

func TestStalenessBoundsQuickenTheCadence(t *testing.T) {
	play(t, func(o *Options) { o.Staleness = 300 * time.Millisecond }, func(t *testing.T, f *fakes, w *Watcher) {
		for range 1000 {
			time.Sleep(7 * time.Millisecond)
			for i := 1; i <= 2; i++ {
				if age := w.o.Clock.FreshAsOf(i).Age(freshness.Now()); age > 300*time.Millisecond {
					t.Fatalf("replica %d is %v old", i, age)
				}
			}
		}
	})
}

func TestAfterAWrite(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		time.Sleep(100 * time.Millisecond)
		for i := range f.servers {
			f.change(i, func(s *fakeServer) { s.position = 2000 })
		}
		wrote, from := freshness.Now(), f.now()
		w.o.Clock.Wrote(wrote, nil, true)
		for range 100 {
			w.WriteSeen()
		}
		began := time.Now()
		if !w.o.Clock.Wait(t.Context(), wrote, time.Second, w.Replica) {
			t.Fatal("no replica became fresh")
		}
		if took := time.Since(began); took > afterWrite+10*time.Millisecond {
			t.Errorf("fresh after %v", took)
		}
		time.Sleep(500 * time.Millisecond)
		for i := range f.servers {
			if n := f.asks(i, from); n > 2 {
				t.Errorf("node %d was asked %d times for one write", i, n)
			}
		}
	})
}

// The probe that was to sample a write found no connection to spare.
func TestAWriteIsNotForgotten(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(0, func(s *fakeServer) { s.err = refusal("53300") })
		wrote := freshness.Now()
		w.WriteSeen()
		time.Sleep(afterWrite + 2*trip)
		f.change(0, func(s *fakeServer) { s.err, s.position = nil, 2000 })
		f.change(1, func(s *fakeServer) { s.position = 2000 })
		if !w.o.Clock.Wait(t.Context(), wrote, 2*afterWrite, w.Replica) {
			t.Error("no replica became fresh soon")
		}
	})
}

// A clock that outlives its watcher keeps writes and nothing of servers.
func TestAClockOfAnotherWatcher(t *testing.T) {
	var c freshness.Clock
	c.Sampled(1, 1, 1)
	c.Replayed(1, 1, 1)
	c.Wrote(5, []string{"t"}, false)
	New(Options{Nodes: []string{"a:1"}, Clock: &c})
	if c.FreshAsOf(1) != 0 || c.WroteTables([]string{"t"}) != 5 {
		t.Errorf("fresh as of %d, written at %d", c.FreshAsOf(1), c.WroteTables([]string{"t"}))
	}
}

func TestManyWrites(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		from := f.now()
		for i := range 10_000 { // 10 s
			for node := range f.servers {
				f.change(node, func(s *fakeServer) { s.position = 2000 + i })
			}
			w.WriteSeen()
			time.Sleep(time.Millisecond)
		}
		for i := range f.servers {
			if n := f.asks(i, from); n < 300 || n > 600 {
				t.Errorf("node %d was asked %d times in 10 s of writes, want about 450", i, n)
			}
			if full := f.server(i).full; full > 16 {
				t.Errorf("node %d got %d full questions in 10 s", i, full)
			}
		}
	})
}

func TestALateReplicaIsAskedLessAndLess(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(0, func(s *fakeServer) { s.position = 2000 })
		f.change(1, func(s *fakeServer) { s.position = 2000 })
		w.WriteSeen()
		time.Sleep(10 * time.Second)
		from := f.now()
		time.Sleep(20 * time.Second)
		if n := f.asks(2, from); n > 30 {
			t.Errorf("a replica 10 s behind was asked %d times in 20 s", n)
		}
		if n := f.asks(1, from); n > 30 {
			t.Errorf("the other one was asked %d times", n)
		}
		if !w.Replica(2) {
			t.Error("without max_lag it is read all the same")
		}
	})
}

func TestSampleNowIsShared(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		from, began := f.now(), freshness.Now()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := w.SampleNow(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := began.Age(freshness.Now()); took > 5*trip {
			t.Errorf("took %v", took)
		}
		for i := 1; i <= 2; i++ {
			if w.o.Clock.FreshAsOf(i) < began {
				t.Errorf("replica %d is not fresh", i)
			}
		}
		for i := range f.servers {
			if n := f.asks(i, from); n > 3 {
				t.Errorf("node %d was asked %d times for 100 callers at once", i, n)
			}
		}
	})
}

func TestSampleNowWithoutAPrimary(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(0, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(0)
		if err := w.SampleNow(t.Context()); !errors.Is(err, errNoPrimary) {
			t.Errorf("says %v", err)
		}
	})
}

func TestNoPrimaryIsLookedForFast(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(0, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(0)
		time.Sleep(700 * time.Millisecond)
		f.change(1, func(s *fakeServer) { s.recovering, s.timeline = false, 2 })
		began := time.Now()
		if p, err := w.AwaitPrimary(t.Context()); p != 1 || err != nil {
			t.Fatalf("primary is %d, %v", p, err)
		}
		if took := time.Since(began); took > 30*time.Millisecond {
			t.Errorf("found after %v", took)
		}
		f.change(1, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(1)
		time.Sleep(time.Minute)
		from := f.now()
		time.Sleep(10 * time.Second)
		if n := f.asks(2, from); n > 20 {
			t.Errorf("after a minute without a primary, asked %d times in 10 s", n)
		}
	})
}

func TestAwaitPrimaryEnds(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(0, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(0)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := w.AwaitPrimary(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("says %v", err)
		}
		var err error
		var waiter sync.WaitGroup
		waiter.Go(func() { _, err = w.AwaitPrimary(t.Context()) })
		synctest.Wait()
		w.Close()
		waiter.Wait()
		if !errors.Is(err, ErrClosed) {
			t.Errorf("says %v", err)
		}
	})
}

func TestWriteSeenDoesNotAllocate(t *testing.T) {
	w := New(Options{Nodes: []string{"a:1", "b:1"}})
	w.wrote.Store(true)
	if n := testing.AllocsPerRun(100, func() { w.WriteSeen(); w.Primary(); w.Replica(1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
