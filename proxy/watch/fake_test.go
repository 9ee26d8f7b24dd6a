package watch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// trip is how long a fake server takes to answer.
const trip = time.Millisecond

// fakeServer answers as a server in this state would.
type fakeServer struct {
	recovering bool
	timeline   int
	position   int
	err        error
	hangs      bool

	asked []time.Duration // when, since the fake began
	full  int
	drops int
}

// fakes is an Asker of servers that are not there.
type fakes struct {
	began   time.Time
	mu      sync.Mutex
	servers []*fakeServer
}

var errRefused = fmt.Errorf("dial: %w", syscall.ECONNREFUSED)

func (f *fakes) Ask(ctx context.Context, node int, sql string) ([][]string, error) {
	f.mu.Lock()
	s := f.servers[node]
	s.asked = append(s.asked, time.Since(f.began))
	if sql != questionLight {
		s.full++
	}
	hangs := s.hangs
	f.mu.Unlock()
	if hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	time.Sleep(trip)
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	return [][]string{s.row(sql)}, nil
}

func (s *fakeServer) row(sql string) []string {
	row := []string{fmt.Sprint(s.recovering), freshness.LSN(s.position).String(), ""}
	if !s.recovering {
		row[2] = fmt.Sprintf("%08X", s.timeline)
	}
	if sql == questionLight {
		return row
	}
	return append(row, "today", "8192", "false", fmt.Sprint(s.timeline), "sys")
}

func (f *fakes) Drop(node int) { f.change(node, func(s *fakeServer) { s.drops++ }) }

func (f *fakes) change(node int, how func(*fakeServer)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	how(f.servers[node])
}

// asks counts those of a node since a moment.
func (f *fakes) asks(node int, since time.Duration) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, at := range f.servers[node].asked {
		if at >= since {
			n++
		}
	}
	return n
}

// server is a copy of its state.
func (f *fakes) server(node int) fakeServer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return *f.servers[node]
}

func (f *fakes) now() time.Duration { return time.Since(f.began) }

// play runs a test in virtual time against a primary and two replicas that
// have replayed everything.
func play(t *testing.T, change func(*Options), test func(t *testing.T, f *fakes, w *Watcher)) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakes{began: time.Now(), servers: []*fakeServer{
			{timeline: 1, position: 1000}, {recovering: true, timeline: 1, position: 1000}, {recovering: true, timeline: 1, position: 1000},
		}}
		o := Options{
			Nodes: []string{"a:1", "b:1", "c:1"}, Ask: f, Clock: new(freshness.Clock),
			Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		}
		if change != nil {
			change(&o)
		}
		w := New(o)
		w.Start()
		defer w.Close()
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		test(t, f, w)
	})
}

// refusal is what a server says when it refuses.
func refusal(code string) error { return fmt.Errorf("ask: %w", pgerror.Fatal(code, "no")) }
