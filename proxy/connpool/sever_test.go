package connpool

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestSever: what is at another server is closed, idle or lent; waiters get
// conns of the right one.
func TestSever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 2, QueueTimeout: time.Minute})
		lent, idle := acquire(t, p), acquire(t, p)
		told := false
		died := func() { told = true }
		lent.OnDeath(&died)
		p.Release(idle)
		p.Sever("elsewhere", nil)
		if !told || !lent.Dead() {
			t.Error("the borrower is not told")
		}
		if p.TryAcquire(1) != nil {
			t.Error("an idle conn to the wrong server is lent")
		}
		w := acquireLater(p)
		synctest.Wait()
		got := <-w
		must(t, got.err)
		p.Release(lent)
		p.Release(got.conn)
		if _, open := f.count(); open > 1 {
			t.Errorf("%d conns are open, want the new one", open)
		}
	})
}

// TestTurn: a lent conn is left alone, and one that is where it belongs stays.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 2})
		c := acquire(t, p)
		p.Turn(c.Addr)
		p.Release(c)
		if again := p.TryAcquire(1); again != c {
			t.Error("a conn to the right server is not lent again")
		}
		p.Turn("elsewhere")
		if c.Dead() {
			t.Error("a lent conn was closed")
		}
		p.Release(c)
		if p.TryAcquire(1) != nil {
			t.Error("a conn to the wrong server is lent again")
		}
	})
}

// TestSeverEndsWaits: who waits for a server that is gone is told.
func TestSeverEndsWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1, QueueTimeout: time.Minute})
		c := acquire(t, p)
		w := acquireLater(p)
		synctest.Wait()
		gone := errors.New("gone")
		p.Sever("", gone)
		if got := <-w; got.err != gone {
			t.Errorf("got %v", got.err)
		}
		p.Release(c)
	})
}
