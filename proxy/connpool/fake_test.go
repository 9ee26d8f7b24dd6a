package connpool

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/wyeproxy/wye/internal/pgmock"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// fakeServers dials servers that are played over pipes, so that time in a
// synctest bubble stands still while nobody does anything.
type fakeServers struct {
	script func(*pgmock.Peer) error // after the login; Serve when nil
	slow   time.Duration            // a dial takes this long

	mu        sync.Mutex
	failure   error
	dialled   int
	open      int // servers whose script has not ended
	last      *pgmock.Peer
	cancels   chan struct{} // what Cancel waits for; nil: nothing
	cancelErr error
	scripts   sync.WaitGroup
}

type trust struct{}

func (trust) Step([]byte) ([]byte, bool, error) { return nil, true, nil }

func (f *fakeServers) Dial(ctx context.Context) (*protocol.ServerConn, error) {
	select {
	case <-time.After(f.slow):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dialled++
	if f.failure != nil {
		return nil, f.failure
	}
	ours, theirs := net.Pipe()
	f.last = &pgmock.Peer{Conn: theirs}
	f.open++
	f.scripts.Add(1)
	go f.play(f.last, uint32(f.dialled))
	return login(ours)
}

func login(conn net.Conn) (*protocol.ServerConn, error) {
	return protocol.Login(conn, protocol.DialOptions{
		Addr: "fake", Params: []protocol.Param{{Name: "user", Value: "u"}},
		Authenticator: func(*x509.Certificate) protocol.Authenticator { return trust{} },
	})
}

func (f *fakeServers) play(p *pgmock.Peer, pid uint32) {
	defer f.scripts.Done()
	if err := p.Login(pid, []byte("0123"), [2]string{"TimeZone", "UTC"}); err == nil {
		if f.script != nil {
			_ = f.script(p)
		} else {
			_ = p.Serve()
		}
	}
	_ = p.Close()
	f.mu.Lock()
	f.open--
	f.mu.Unlock()
}

func (f *fakeServers) Cancel(ctx context.Context, _ *protocol.ServerConn) error {
	if f.cancels != nil {
		select {
		case <-f.cancels:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return f.cancelErr
}

func (f *fakeServers) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
}

// count returns how many dials there were, and how many servers run.
func (f *fakeServers) count() (dialled, open int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dialled, f.open
}

// newPool makes a pool over f. The test must end with all conns released: it
// is checked that every server has been left.
func newPool(t *testing.T, f *fakeServers, l Limits) *Pool {
	var ids atomic.Uint64
	p := NewPool("d", "u", l, f, nil, func() uint64 { return ids.Add(1) })
	t.Cleanup(func() {
		p.Close()
		f.scripts.Wait()
		if _, open := f.count(); open != 0 || len(p.all) != 0 || p.waiting.len() != 0 {
			t.Errorf("left behind: %d servers, %d conns, %d waiters", open, len(p.all), p.waiting.len())
		}
	})
	return p
}

var sessions atomic.Uint64

// acquire fails the test when there is no conn.
func acquire(t *testing.T, p *Pool) *Conn {
	t.Helper()
	c, err := p.Acquire(&Waiter{Session: sessions.Add(1)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// acquired is what a waiting Acquire came to.
type acquired struct {
	conn *Conn
	err  error
	took time.Duration
}

// acquireLater begins an Acquire that waits.
func acquireLater(p *Pool) <-chan acquired {
	done := make(chan acquired, 1)
	w := &Waiter{Session: sessions.Add(1)}
	began := time.Now()
	go func() {
		c, err := p.Acquire(w)
		done <- acquired{c, err, time.Since(began)}
	}()
	return done
}

func counts(p *Pool) Counts { return p.Counts(time.Now()) }

func wantCounts(t *testing.T, p *Pool, active, idle, waiting int) {
	t.Helper()
	if c := counts(p); c.Active != active || c.Idle != idle || c.Waiting != waiting {
		t.Errorf("%d active, %d idle, %d waiting; want %d, %d, %d", c.Active, c.Idle, c.Waiting, active, idle, waiting)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *pgerror.Error
	if !errors.As(err, &e) || e.Code != code || e.IsFatal() {
		t.Errorf("got %v, want ERROR %s", err, code)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answering is a script that answers every Sync and Query with messages.
func answering(messages ...pgproto3.Message) func(*pgmock.Peer) error {
	return func(p *pgmock.Peer) error {
		for {
			m, err := p.Next()
			if err != nil || m.Type == 'X' {
				return err
			}
			if m.Type == 'S' || m.Type == 'Q' {
				if err := p.Send(messages...); err != nil {
					return err
				}
			}
		}
	}
}
