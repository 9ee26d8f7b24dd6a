package connpool

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1})
		c := acquire(t, p)
		var waiting []<-chan acquired
		for range 5 {
			waiting = append(waiting, acquireLater(p))
			time.Sleep(time.Second)
		}
		if c := counts(p); c.Waiting != 5 || c.LongestWait != 5*time.Second {
			t.Errorf("%+v", c)
		}
		for i, w := range waiting {
			p.Release(c)
			synctest.Wait()
			select {
			case got := <-w:
				must(t, got.err)
				c = got.conn
			default:
				t.Fatalf("waiter %d was not served in its turn", i)
			}
			wantCounts(t, p, 1, 0, len(waiting)-i-1)
		}
		p.Release(c)
	})
}

func TestQueueTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1, QueueTimeout: 3 * time.Second})
		c := acquire(t, p)
		w := &Waiter{Session: 1}
		for range 2 { // a waiter is reused, also after it timed out
			began := time.Now()
			_, err := p.Acquire(w)
			wantCode(t, err, pgerror.TooManyConnections)
			if d := time.Since(began); d != 3*time.Second {
				t.Errorf("waited %v", d)
			}
			wantCounts(t, p, 1, 0, 0)
		}
		time.AfterFunc(time.Second, func() { p.Release(c) })
		got, err := p.Acquire(w)
		must(t, err)
		time.Sleep(time.Minute) // the timer of the wait is not heard any more
		p.Release(got)
		wantCounts(t, p, 0, 1, 0)
	})
}

func TestTimeoutMeetsRelease(t *testing.T) {
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, &fakeServers{}, Limits{Size: 1, QueueTimeout: time.Second})
			c := acquire(t, p)
			w := acquireLater(p)
			time.Sleep(time.Second)
			if rand.IntN(2) == 0 {
				synctest.Wait() // the waiter is first
			}
			p.Release(c)
			got := <-w
			switch {
			case got.err == nil:
				wantCounts(t, p, 1, 0, 0)
				p.Release(got.conn)
			case got.conn != nil:
				t.Error("both a conn and an error")
			}
			wantCounts(t, p, 0, 1, 0)
		})
	}
}

func TestAbandonMeetsRelease(t *testing.T) {
	gone := pgerror.New(pgerror.QueryCanceled, "canceled")
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			p := newPool(t, &fakeServers{}, Limits{Size: 1})
			c := acquire(t, p)
			w := &Waiter{Session: 9}
			done := make(chan acquired, 1)
			go func() {
				c, err := p.Acquire(w)
				done <- acquired{conn: c, err: err}
			}()
			synctest.Wait()
			var both sync.WaitGroup
			both.Go(func() { p.Release(c) })
			both.Go(func() { p.Abandon(w, gone) })
			got := <-done
			both.Wait()
			if got.err == nil {
				p.Release(got.conn)
			} else {
				wantCode(t, got.err, pgerror.QueryCanceled)
			}
			p.Abandon(w, gone) // it waits no more
			wantCounts(t, p, 0, 1, 0)
			again, err := p.Acquire(w)
			must(t, err)
			p.Release(again)
		})
	}
}
