package connpool

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol"
)

func TestLastReleasedIsLentFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 3})
		a, b, c := acquire(t, p), acquire(t, p), acquire(t, p)
		wantCounts(t, p, 3, 0, 0)
		for _, conn := range []*Conn{b, c, a} {
			p.Release(conn)
		}
		wantCounts(t, p, 0, 3, 0)
		for _, want := range []*Conn{a, c, b} {
			if got := acquire(t, p); got != want {
				t.Errorf("got conn %d, want %d", got.ID, want.ID)
			}
		}
		if n := counts(p).Assigned; n != 6 {
			t.Errorf("%d conns lent", n)
		}
		for _, conn := range []*Conn{a, b, c} {
			p.Release(conn)
		}
	})
}

// A conn comes back at the very moment in which a waiter gives up: it is

// either lent or idle, and the waiter has either it or an error.

// The same with a cancel request, which comes from another goroutine.

func TestReacquire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 3})
		take := func(session uint64) *Conn {
			c, err := p.Acquire(&Waiter{Session: session})
			must(t, err)
			return c
		}
		a, b := take(1), take(2)
		p.Release(a)
		p.Release(b)
		if got := p.Reacquire(a, 1); got != a {
			t.Fatal("its conn is idle, and was not given")
		}
		if p.Reacquire(a, 1) != nil {
			t.Error("given while it is lent")
		}
		p.Release(a)
		if p.Reacquire(a, 2) != nil {
			t.Error("given to another session")
		}
		if c := take(3); c != a {
			t.Fatal("want the same conn for another session")
		}
		p.Release(a)
		if p.Reacquire(a, 1) != nil {
			t.Error("given though another session had it since")
		}
		p.Reconnect()
		if p.Reacquire(a, 3) != nil {
			t.Error("given though it is closed")
		}
	})
}

func TestReleaseWorn(t *testing.T) {
	for name, wear := range map[string]func(*Conn){
		"doomed":           (*Conn).Doom,
		"dead":             (*Conn).hungUp,
		"in a transaction": func(c *Conn) { c.Status = protocol.TxOpen },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeServers{}
				p := newPool(t, f, Limits{Size: 1})
				c := acquire(t, p)
				w := acquireLater(p)
				synctest.Wait()
				wear(c)
				p.Release(c)
				got := <-w
				must(t, got.err)
				if got.conn == c {
					t.Error("was lent again")
				}
				synctest.Wait()
				if n, open := f.count(); n != 2 || open != 1 {
					t.Errorf("%d dials, %d servers open", n, open)
				}
				p.Release(got.conn)
			})
		})
	}
}

func TestDeadWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 3})
		held := []*Conn{acquire(t, p), acquire(t, p), acquire(t, p)}
		for _, c := range held {
			p.Release(c)
		}
		held[1].hungUp()
		wantCounts(t, p, 0, 2, 0)
		held[1].hungUp() // told again, of a conn that is gone
		wantCounts(t, p, 0, 2, 0)
		for range 2 {
			if c := acquire(t, p); c == held[1] || c.Dead() {
				t.Error("a dead conn was lent")
			}
		}
		p.Release(held[0])
		p.Release(held[2])
	})
}

func TestOnDeath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 2})
		c := acquire(t, p)
		n := 0
		f := func() { n++ }
		c.OnDeath(&f)
		c.hungUp()
		if n != 1 || !c.Dead() {
			t.Errorf("told %d times", n)
		}
		c.OnDeath(nil)
		c.hungUp()
		if n != 1 {
			t.Error("told after it was forgotten")
		}
		p.Release(c)
		wantCounts(t, p, 0, 0, 0)
	})
}

// Two clients would have the same conn.

func TestReleaseTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1})
		c := acquire(t, p)
		p.Release(c)
		defer func() {
			if recover() == nil {
				t.Error("nobody noticed")
			}
			wantCounts(t, p, 0, 1, 0)
		}()
		p.Release(c)
	})
}

// A server that does not take our good-bye holds up nobody but who said it.

func TestGoodbyeIsSaidOutsideTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		p := newPool(t, &fakeServers{script: func(*pgmock.Peer) error { <-stuck; return nil }}, Limits{Size: 2})
		c := acquire(t, p)
		p.Reconnect()
		left := make(chan time.Duration, 1)
		began := time.Now()
		go func() { p.Release(c); left <- time.Since(began) }()
		synctest.Wait()
		c = acquire(t, p)
		if d := time.Since(began); d != 0 {
			t.Errorf("waited %v", d)
		}
		if d := <-left; d == 0 || d > time.Second {
			t.Errorf("the good-bye took %v", d)
		}
		close(stuck)
		p.Release(c)
	})
}

func TestConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 2})
		a := acquire(t, p)
		b, err := p.Acquire(&Waiter{Session: 77})
		must(t, err)
		p.Release(a)
		sessions := map[uint64]uint64{}
		for _, s := range p.Conns() {
			sessions[s.ID] = s.Session
			if s.PID == 0 || s.Remote == nil || s.Dead {
				t.Errorf("%+v", s)
			}
		}
		if fmt.Sprint(sessions) != fmt.Sprint(map[uint64]uint64{a.ID: 0, b.ID: 77}) {
			t.Errorf("sessions %v", sessions)
		}
		p.Release(b)
	})
}
