package connpool

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestSizeAndReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 2, Reserve: 1, ReserveAfter: 5 * time.Second})
		held := []*Conn{acquire(t, p), acquire(t, p)}
		first := acquireLater(p)
		synctest.Wait()
		second := acquireLater(p)
		maintain(p, 4)
		if n, _ := f.count(); n != 2 {
			t.Errorf("%d dials before anybody has waited long", n)
		}
		maintain(p, 2)
		got := <-first
		must(t, got.err)
		held = append(held, got.conn)
		maintain(p, 20)
		if n, _ := f.count(); n != 3 {
			t.Errorf("%d dials, the limit is 3", n)
		}
		p.Release(held[0])
		got = <-second
		must(t, got.err)
		for _, c := range []*Conn{held[1], held[2], got.conn} {
			p.Release(c)
		}
		wantCounts(t, p, 0, 3, 0)
	})
}

// maintain lets n seconds pass, as the pool's owner does.

func maintain(p *Pool, n int) {
	for range n {
		time.Sleep(time.Second)
		p.Maintain(time.Now())
	}
	synctest.Wait()
}

func TestMinimum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 5, Min: 3, Idle: 10 * time.Second})
		maintain(p, 2)
		wantCounts(t, p, 0, 0, 0) // nobody uses it
		var held []*Conn
		for range 5 {
			held = append(held, acquire(t, p))
		}
		for _, c := range held {
			p.Release(c)
		}
		maintain(p, 9)
		wantCounts(t, p, 0, 5, 0)
		maintain(p, 3)
		wantCounts(t, p, 0, 3, 0)
		p.Reconnect()
		wantCounts(t, p, 0, 0, 0)
		maintain(p, 1)
		wantCounts(t, p, 0, 3, 0)
		p.SetLimits(Limits{Size: 2, Min: 3}) // more than there may be
		maintain(p, 5)
		wantCounts(t, p, 0, 2, 0)
	})
}

func TestLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 3, Lifetime: 10 * time.Second})
		a, b := acquire(t, p), acquire(t, p)
		p.Release(a)
		maintain(p, 9)
		wantCounts(t, p, 1, 1, 0)
		maintain(p, 3)
		wantCounts(t, p, 1, 0, 0) // a was idle
		if n := p.Outdated(); n != 0 {
			t.Errorf("%d conns are reported as outdated by RECONNECT, and nobody asked for it", n)
		}
		p.Release(b)
		wantCounts(t, p, 0, 0, 0) // b is not lent again
	})
}

func TestReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 3})
		a, b := acquire(t, p), acquire(t, p)
		p.Release(a)
		p.Reconnect()
		wantCounts(t, p, 1, 0, 0)
		if n := p.Outdated(); n != 1 {
			t.Errorf("%d conns outdated, want 1", n)
		}
		c := acquire(t, p)
		if c == a || p.Outdated() != 1 {
			t.Error("the new conn counts as old")
		}
		p.Release(b)
		p.Release(c)
		wantCounts(t, p, 0, 1, 0)
		if n := p.Outdated(); n != 0 {
			t.Errorf("%d conns outdated, want none", n)
		}
	})
}

// A conn that is being dialled when RECONNECT comes leads to the old servers.

func TestReconnectDuringDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{slow: time.Second}
		p := newPool(t, f, Limits{Size: 1})
		w := acquireLater(p)
		time.Sleep(500 * time.Millisecond)
		p.Reconnect()
		got := <-w
		must(t, got.err)
		if n, _ := f.count(); n != 2 || got.took != 2*time.Second {
			t.Errorf("%d dials in %v", n, got.took)
		}
		p.Release(got.conn)
		wantCounts(t, p, 0, 1, 0)
	})
}

func TestSetLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 4, Prepared: 2})
		held := []*Conn{acquire(t, p), acquire(t, p), acquire(t, p), acquire(t, p)}
		p.Release(held[0])
		p.Release(held[1])
		p.SetLimits(Limits{Size: 1, Prepared: 7})
		wantCounts(t, p, 2, 0, 0)
		p.Release(held[2])
		wantCounts(t, p, 1, 0, 0)
		w := acquireLater(p)
		synctest.Wait()
		wantCounts(t, p, 1, 0, 1)
		p.SetLimits(Limits{Size: 2, Prepared: 7})
		got := <-w
		must(t, got.err)
		p.Release(held[3])
		p.Release(got.conn)
		c := acquire(t, p)
		if c.prepared.max != 7 {
			t.Errorf("limit of statements is still %d", c.prepared.max)
		}
		p.Release(c)
	})
}

// What must not be lent again is closed when it comes back, and whoever waits

// gets a new one.
