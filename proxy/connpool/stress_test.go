package connpool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// stress is a pool over servers that are killed, with sessions that are
// cancelled, all at random.
type stress struct {
	t      *testing.T
	pool   *Pool
	server *pgmock.Server
	owners sync.Map // *Conn -> *atomic.Int32, how many have it
	served atomic.Int64
	failed atomic.Int64
}

func TestStress(t *testing.T) {
	const workers, rounds = 200, 30
	before := runtime.NumGoroutine()
	server, err := pgmock.Listen(func(p *pgmock.Peer) error {
		if p.Login(1, []byte("0123")) != nil {
			return nil // a cancel request, or killed
		}
		_ = p.Serve()
		return nil
	})
	must(t, err)
	hangups, err := protocol.NewHangups()
	must(t, err)
	var ids atomic.Uint64
	p := NewPool("app", "u", Limits{Size: 4, Reserve: 1, ReserveAfter: 5 * time.Millisecond, QueueTimeout: 150 * time.Millisecond, Lifetime: 50 * time.Millisecond,
		Idle: 10 * time.Millisecond, Min: 2, LoginRetry: time.Millisecond, Prepared: 10},
		realServers{server.Addr(), "u"}, hangups, func() uint64 { return ids.Add(1) })
	s := &stress{t: t, pool: p, server: server}

	ctx, stop := context.WithCancel(context.Background())
	var nuisances, work sync.WaitGroup
	nuisances.Go(func() { s.disturb(ctx) })
	for id := range workers {
		work.Go(func() { s.session(uint64(id+1), rounds) })
	}
	work.Wait()
	stop()
	nuisances.Wait()

	p.Resume()
	p.Maintain(time.Now())
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		c := counts(p)
		if c.Active == 0 && c.Waiting == 0 && c.Dialling == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("lost: %+v", c)
		}
	}
	for _, c := range []*Conn{acquire(t, p), acquire(t, p), acquire(t, p), acquire(t, p)} { // as many as there may be, at once
		p.Release(c)
	}
	t.Logf("%d served, %d failed, %d conns in all", s.served.Load(), s.failed.Load(), ids.Load())
	if s.served.Load() < workers || s.failed.Load() == 0 {
		t.Error("the test did not test much")
	}
	p.Close()
	hangups.Close()
	must(t, server.Close())
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

// disturb kills servers, pauses, reconnects and maintains the pool.
func (s *stress) disturb(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
		switch rand.IntN(12) {
		case 0, 1, 2:
			s.server.KillOne()
		case 3:
			s.server.KillAll()
		case 4:
			s.pool.Pause()
			time.Sleep(time.Millisecond)
			s.pool.Resume()
		case 5:
			s.pool.Reconnect()
		case 6:
			s.pool.Conns()
			s.pool.Outdated()
		default:
			s.pool.Maintain(time.Now())
		}
	}
}

// session borrows a conn again and again, as a client's session does.
func (s *stress) session(id uint64, rounds int) {
	w := &Waiter{Session: id}
	var last *Conn
	for range rounds {
		if rand.IntN(10) == 0 {
			go s.pool.Abandon(w, pgerror.New(pgerror.QueryCanceled, "canceled"))
		}
		var c *Conn
		var err error
		if last != nil && rand.IntN(3) == 0 {
			c = s.pool.Reacquire(last, id)
		}
		if c == nil {
			c, err = s.pool.Acquire(w)
		}
		if err != nil {
			s.refused(err)
			continue
		}
		s.own(c, 1)
		s.work(c)
		s.own(c, -1)
		s.pool.Release(c)
		last = c
	}
}

// own panics when two have a conn at once.
func (s *stress) own(c *Conn, delta int32) {
	n, _ := s.owners.LoadOrStore(c, new(atomic.Int32))
	if got := n.(*atomic.Int32).Add(delta); got != 0 && got != 1 {
		panic(fmt.Sprintf("conn %d has %d owners", c.ID, got))
	}
}

func (s *stress) refused(err error) {
	s.failed.Add(1)
	var e *pgerror.Error
	if !errors.As(err, &e) {
		s.t.Errorf("refused by %v", err)
		return
	}
	switch e.Code {
	case pgerror.TooManyConnections, pgerror.QueryCanceled, pgerror.CannotConnectNow:
	default:
		s.t.Errorf("refused by %v", err)
	}
}

// work is what happens to a borrowed conn; it may be dead at any moment.
func (s *stress) work(c *Conn) {
	wake := func() {}
	c.OnDeath(&wake)
	defer c.OnDeath(nil)
	var cancels sync.WaitGroup
	if rand.IntN(5) == 0 {
		c.BeginCancel()
		cancels.Go(func() {
			_ = c.Cancel(context.Background())
			c.EndCancel()
		})
	}
	params := Params{}
	if rand.IntN(2) == 0 {
		params = params.With("my.own", fmt.Sprint(rand.IntN(3)))
	}
	err := c.Adopt(params)
	if err == nil {
		_, err = c.Ask(protocol.AppendQuery(nil, "select 1"), nil)
	}
	if err == nil {
		err = c.Settle()
	}
	cancels.Wait()
	switch {
	case err == nil:
		s.served.Add(1)
	case !c.Doomed():
		s.t.Errorf("%v, and it is not doomed", err)
	default:
		s.failed.Add(1)
	}
	if rand.IntN(20) == 0 {
		c.Doom()
	}
}
