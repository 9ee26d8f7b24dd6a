package connpool

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/wyeproxy/wye/protocol"
)

// benchPool holds size idle conns without servers.
func benchPool(size int) *Pool {
	p := NewPool("d", "u", Limits{Size: size, QueueTimeout: time.Minute, Prepared: 100}, nil, nil, nil)
	for i := range size {
		c := &Conn{ServerConn: &protocol.ServerConn{Status: protocol.TxIdle}, ID: uint64(i), pool: p, unwatch: func() {}, prepared: newPreparedSet(100)}
		p.all[c] = struct{}{}
		p.idle = append(p.idle, c)
	}
	return p
}

func TestAcquireAllocatesNothing(t *testing.T) {
	p := benchPool(2)
	w := &Waiter{Session: 1}
	n := testing.AllocsPerRun(100, func() {
		c, err := p.Acquire(w)
		must(t, err)
		p.Release(c)
	})
	if n != 0 {
		t.Errorf("%v allocations for an idle conn", n)
	}
}

// Nor does waiting, once a session has waited before.
func TestWaitAllocatesNothing(t *testing.T) {
	p := benchPool(1)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		w := &Waiter{Session: 2}
		for ctx.Err() == nil {
			c, err := p.Acquire(w)
			if err != nil {
				t.Error(err)
				return
			}
			p.Release(c)
		}
	})
	w := &Waiter{Session: 1}
	n := testing.AllocsPerRun(1000, func() {
		c, err := p.Acquire(w)
		must(t, err)
		p.Release(c)
	})
	stop()
	wg.Wait()
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAcquire(b *testing.B) {
	p := benchPool(20)
	w := &Waiter{Session: 1}
	b.ReportAllocs()
	for b.Loop() {
		c, err := p.Acquire(w)
		if err != nil {
			b.Fatal(err)
		}
		p.Release(c)
	}
}

func BenchmarkTryAcquire(b *testing.B) {
	p := benchPool(20)
	b.ReportAllocs()
	for b.Loop() {
		p.Release(p.TryAcquire(1))
	}
}

// More sessions than conns: each Acquire waits for a Release.
func BenchmarkAcquireWaiting(b *testing.B) {
	p := benchPool(4)
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		w := &Waiter{Session: 1}
		for pb.Next() {
			c, err := p.Acquire(w)
			if err != nil {
				b.Error(err)
				return
			}
			p.Release(c)
		}
	})
}
