package freshness

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func any1(int) bool { return true }

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c Clock
		ctx := t.Context()
		at := Now()
		if c.Wait(ctx, at, 0, any1) {
			t.Error("a look found what is not there")
		}
		began := time.Now()
		if c.Wait(ctx, at, time.Second, any1) || time.Since(began) != time.Second {
			t.Errorf("gave up after %v, want 1 s", time.Since(began))
		}
		c.Sampled(at, 1, 100)
		go func() {
			time.Sleep(time.Second)
			c.Replayed(1, 1, 50) // not yet
			time.Sleep(time.Second)
			c.Replayed(1, 1, 100) // not wanted
			time.Sleep(time.Second)
			c.Replayed(2, 1, 100)
		}()
		began = time.Now()
		if !c.Wait(ctx, at, time.Minute, func(n int) bool { return n == 2 }) || time.Since(began) != 3*time.Second {
			t.Errorf("returned after %v, want 3 s", time.Since(began))
		}
		if !c.Wait(ctx, at, 0, any1) {
			t.Error("a look did not find what is there")
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		began = time.Now()
		if c.Wait(short, at+1, time.Minute, any1) || time.Since(began) != time.Second {
			t.Errorf("cancelled after 1 s, returned after %v", time.Since(began))
		}
		if c.waiters != 0 || c.moved != nil {
			t.Errorf("%d waiters are left behind", c.waiters)
		}
	})
}

// No wake-up is lost between a look and a sleep.
func TestWaitersAndSamplesAtOnce(t *testing.T) {
	var c Clock
	var done atomic.Bool
	var feeder, waiters sync.WaitGroup
	feeder.Go(func() {
		for i := LSN(1); !done.Load(); i++ {
			c.Sampled(Now(), 1, i)
			c.Replayed(int(i%3), 1, i)
		}
	})
	for range 8 {
		waiters.Go(func() {
			for range 300 {
				if !c.Wait(t.Context(), Now(), time.Minute, any1) {
					t.Error("waited a minute while samples came all the time")
					return
				}
			}
		})
	}
	waiters.Wait()
	done.Store(true)
	feeder.Wait()
}
