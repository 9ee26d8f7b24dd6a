package connpool

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/wyeproxy/wye/internal/pgmock"
)

func TestSettleCalm(t *testing.T) {
	c := &Conn{}
	if err := c.Settle(); err != nil {
		t.Error(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = c.Settle() }); n != 0 {
		t.Errorf("%v allocations where nobody cancels", n)
	}
}

// The conn is not given back while a cancel is under way, and the signal that
// comes with its end hits nobody.
func TestSettleWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		canceled := &pgproto3.ErrorResponse{Severity: "ERROR", Code: "57014"}
		f := &fakeServers{cancels: make(chan struct{}), script: func(p *pgmock.Peer) error {
			for {
				m, err := p.Next()
				if err != nil || m.Type == 'X' {
					return err
				}
				if m.Type != 'S' {
					t.Errorf("sent %q, which would close the unnamed portal", m.Type)
				}
				asked++
				if err := p.Send(canceled, ready); err != nil {
					return err
				}
			}
		}}
		p := newPool(t, f, Limits{Size: 1})
		c := acquire(t, p)
		for range 2 { // a second cancel begins before the first ends
			c.BeginCancel()
			go func() {
				must(t, c.Cancel(context.Background()))
				c.EndCancel()
			}()
		}
		settled := make(chan time.Duration)
		began := time.Now()
		go func() { must(t, c.Settle()); settled <- time.Since(began) }()
		time.Sleep(time.Second / 2)
		f.cancels <- struct{}{}
		time.Sleep(time.Second / 2)
		f.cancels <- struct{}{}
		if d := <-settled; d != time.Second {
			t.Errorf("settled after %v", d)
		}
		if asked != 1 || c.Doomed() {
			t.Errorf("asked %d times, doomed %v", asked, c.Doomed())
		}
		p.Release(c)
		wantCounts(t, p, 0, 1, 0)
	})
}

// The client that has its answer does not wait for long, and nobody gets the
// conn after it.
func TestSettleLosesPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{cancels: make(chan struct{})}, Limits{Size: 1})
		c := acquire(t, p)
		ended := make(chan struct{})
		c.BeginCancel()
		go func() {
			if err := c.Cancel(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			c.EndCancel()
			close(ended)
		}()
		began := time.Now()
		for range 2 {
			must(t, c.Settle())
		}
		if d := time.Since(began); d != settlePatience || !c.Doomed() {
			t.Errorf("waited %v, doomed %v", d, c.Doomed())
		}
		p.Release(c)
		wantCounts(t, p, 0, 0, 0)
		<-ended
	})
}

// A cancel request that failed may still arrive.
func TestStrayCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{cancelErr: errors.New("connection reset")}, Limits{Size: 1})
		c := acquire(t, p)
		c.BeginCancel()
		if c.Cancel(context.Background()) == nil {
			t.Error("no error")
		}
		c.EndCancel()
		must(t, c.Settle())
		p.Release(c)
		wantCounts(t, p, 0, 0, 0)
	})
}

// A token of a cancel that ended long ago wakes nobody too early.
func TestSettleOldToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{}, Limits{Size: 1})
		c := acquire(t, p)
		c.BeginCancel()
		c.EndCancel()
		c.BeginCancel()
		time.AfterFunc(time.Second, c.EndCancel)
		began := time.Now()
		must(t, c.Settle())
		if d := time.Since(began); d != time.Second {
			t.Errorf("settled after %v", d)
		}
		p.Release(c)
	})
}

func TestSettleServerGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(t, &fakeServers{script: func(p *pgmock.Peer) error { _, err := p.Next(); return err }}, Limits{Size: 1})
		c := acquire(t, p)
		c.BeginCancel()
		time.AfterFunc(time.Millisecond, c.EndCancel)
		if err := c.Settle(); !errors.Is(err, io.EOF) || !c.Doomed() {
			t.Errorf("got %v", err)
		}
		p.Release(c)
	})
}
