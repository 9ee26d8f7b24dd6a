package connpool

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

func TestPauseAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 2})
		a, b := acquire(t, p), acquire(t, p)
		p.Release(a)
		p.Pause()
		wantCounts(t, p, 1, 0, 0)
		first := acquireLater(p)
		synctest.Wait()
		second := acquireLater(p)
		synctest.Wait()
		p.Release(b)
		synctest.Wait()
		wantCounts(t, p, 0, 0, 2)
		if _, open := f.count(); open != 0 {
			t.Errorf("%d servers open in a paused pool", open)
		}
		maintain(p, 30)
		wantCounts(t, p, 0, 0, 2)
		p.Resume()
		for _, w := range []<-chan acquired{first, second} {
			got := <-w
			must(t, got.err)
			defer p.Release(got.conn)
		}
		wantCounts(t, p, 2, 0, 0)
	})
}

// With as many conns as there may be, all of them released during the pause,
// those who wait must be served after it: nobody else will wake them.
func TestResumeServesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1, QueueTimeout: time.Minute})
		c := acquire(t, p)
		p.Pause()
		w := acquireLater(p)
		synctest.Wait()
		p.Release(c)
		p.Resume()
		got := <-w
		must(t, got.err)
		if got.took != 0 {
			t.Errorf("waited %v", got.took)
		}
		p.Release(got.conn)
	})
}

func TestPauseDuringDial(t *testing.T) {
	for _, failure := range []error{nil, errors.New("refused")} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeServers{slow: time.Second, failure: failure}
			p := newPool(t, f, Limits{Size: 1, LoginRetry: time.Hour})
			w := acquireLater(p)
			synctest.Wait()
			p.Pause()
			maintain(p, 3)
			wantCounts(t, p, 0, 0, 1) // a server that is down is no news in a pause
			later := acquireLater(p)
			synctest.Wait()
			wantCounts(t, p, 0, 0, 2)
			f.fail(nil)
			p.Resume()
			for _, w := range []<-chan acquired{w, later} {
				got := <-w
				must(t, got.err)
				p.Release(got.conn)
			}
			synctest.Wait()
			wantCounts(t, p, 0, 1, 0)
		})
	}
}

func TestPausedQueueTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1, QueueTimeout: time.Second})
		p.Pause()
		_, err := p.Acquire(&Waiter{Session: 1})
		wantCode(t, err, pgerror.TooManyConnections)
		wantCounts(t, p, 0, 0, 0)
	})
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 2})
		a, b := acquire(t, p), acquire(t, p)
		p.Release(a)
		a = acquire(t, p)
		w := acquireLater(p)
		synctest.Wait()
		p.Release(a)
		got := <-w
		w = acquireLater(p)
		synctest.Wait()
		p.Close()
		if got := <-w; got.err == nil {
			t.Error("lent while closing")
		} else {
			wantCode(t, got.err, pgerror.AdminShutdown)
		}
		_, err := p.Acquire(&Waiter{Session: 1})
		wantCode(t, err, pgerror.CannotConnectNow)
		if p.Reacquire(b, 1) != nil {
			t.Error("lent after Close")
		}
		p.Maintain(time.Now())
		p.Release(b)
		p.Release(got.conn)
		synctest.Wait()
		if n, open := f.count(); n != 2 || open != 0 {
			t.Errorf("%d dials, %d servers open", n, open)
		}
		p.Close()
	})
}

// Close does not wait for a server that does not answer.
func TestCloseDuringDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{slow: time.Hour}, Limits{Size: 2})
		w := acquireLater(p)
		synctest.Wait()
		began := time.Now()
		p.Close()
		if d := time.Since(began); d != 0 {
			t.Errorf("took %v", d)
		}
		if got := <-w; got.err == nil {
			t.Error("got a conn")
		}
	})
}

// The server's own words reach the client, once its connection cannot be the
// reason, as an error after which it stays.
func TestDialFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{slow: time.Second, failure: fmt.Errorf("login: %w", pgerror.Fatal(pgerror.InvalidPassword, "no"))}
		p := newPool(t, f, Limits{Size: 2, LoginRetry: 10 * time.Second, QueueTimeout: time.Minute})
		w := acquireLater(p)
		_, err := p.Acquire(&Waiter{Session: 1})
		wantCode(t, err, pgerror.InvalidPassword)
		wantCode(t, (<-w).err, pgerror.InvalidPassword)
		n, _ := f.count()

		began := time.Now()
		for range 100 { // nobody knocks again so soon
			_, err = p.Acquire(&Waiter{Session: 1})
			wantCode(t, err, pgerror.InvalidPassword)
		}
		maintain(p, 5)
		if again, _ := f.count(); again != n {
			t.Errorf("%d further dials within the pause", again-n)
		}
		f.fail(nil)
		time.Sleep(10*time.Second - time.Since(began))
		c := acquire(t, p)
		if counts(p).LastError != nil {
			t.Error("the failure is not forgotten")
		}
		p.Release(c)
	})
}

// A failed login ends nobody's wait while there are conns that come back.
func TestDialFailsWithOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 2, LoginRetry: 10 * time.Second, QueueTimeout: 5 * time.Second})
		c := acquire(t, p)
		f.fail(errors.New("connection refused"))
		w := acquireLater(p)
		time.Sleep(time.Second)
		wantCounts(t, p, 1, 0, 1)
		p.Release(c)
		got := <-w
		must(t, got.err)
		_, err := p.Acquire(&Waiter{Session: 1}) // in vain: it is told why
		wantCode(t, err, pgerror.CannotConnectNow)
		f.fail(nil)
		w = acquireLater(p)
		maintain(p, 5)
		if late := <-w; late.err != nil {
			wantCode(t, late.err, pgerror.CannotConnectNow)
		} else {
			p.Release(late.conn)
		}
		maintain(p, 5) // the pause is over
		p.Release(acquire(t, p))
		p.Release(got.conn)
	})
}

// After the pause the waiters that nobody dialled for are served at once.
func TestDialAfterPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServers{}
		p := newPool(t, f, Limits{Size: 4, LoginRetry: 3 * time.Second})
		c := acquire(t, p)
		f.fail(errors.New("connection refused"))
		var waiting []<-chan acquired
		for range 3 {
			waiting = append(waiting, acquireLater(p))
			synctest.Wait()
		}
		f.fail(nil)
		maintain(p, 4)
		for _, w := range waiting {
			got := <-w
			must(t, got.err)
			p.Release(got.conn)
		}
		p.Release(c)
	})
}

func TestRefusalOf(t *testing.T) {
	wantCode(t, refusalOf(fmt.Errorf("dial: %w", pgerror.Fatal(pgerror.InvalidCatalogName, "x"))), pgerror.InvalidCatalogName)
	for _, err := range []error{errors.New("dial tcp 10.1.2.3:5432: refused"), fmt.Errorf("10.1.2.3: %w", context.DeadlineExceeded)} {
		got := refusalOf(err)
		wantCode(t, got, pgerror.CannotConnectNow)
		if s := fmt.Sprintf("%+v", *got.(*pgerror.Error)); len(s) == 0 || strings.Contains(s, "10.1.2.3") {
			t.Errorf("tells a client where servers are: %s", s)
		}
	}
}

// Clients cannot make a pool remember without end, nor forget everything.
func TestProfiles(t *testing.T) {
	p := NewPool("d", "u", Limits{}, nil, nil, nil)
	reported := NewParams([2]string{"TimeZone", "UTC"})
	kept := 0
	for i := range 3 * maxProfiles {
		p.SetProfile(NewParams([2]string{"application_name", fmt.Sprint(i)}), reported)
	}
	for i := range 3 * maxProfiles {
		if got, ok := p.Profile(NewParams([2]string{"application_name", fmt.Sprint(i)})); ok {
			kept++
			if got != reported {
				t.Error("another profile")
			}
		}
	}
	if kept != maxProfiles {
		t.Errorf("%d profiles kept, want %d", kept, maxProfiles)
	}
	p.Reconnect()
	if len(p.profiles) != 0 {
		t.Error("profiles of servers that may be others by now")
	}
}
