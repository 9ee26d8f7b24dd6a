//go:build linux

package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"syscall"
	"time"

	"github.com/wyeproxy/wye/internal/bench/poll"
)

// Shot is one measurement.
type Shot struct {
	Target   Target
	Script   *Script
	Protocol Protocol
	Clients  int
	Warm     time.Duration // unmeasured, before Time; clients are logged in by then
	Time     time.Duration
	// Begin and End are called from the generator's thread when the measured
	// time begins and ends.
	Begin, End func()
	// Grace is how long the last answers may take after Time; 0 is 5 s. The
	// clients leave between transactions, so that a proxy loses no server conn
	// to the next shot.
	Grace time.Duration
}

// Result is what a shot saw between Begin and End.
type Result struct {
	Transactions int
	Elapsed      time.Duration
	Latencies    []uint32 // of the transactions, in microseconds, ascending
	Errors       int      // ErrorResponses, warm-up included
	FirstError   string
	Stalled      int // clients still without their answer long after the end
}

const defaultGrace = 5 * time.Second

// client is one connection with at most one request under way.
type client struct {
	fd    int
	scan  scan
	step  int
	vars  draw
	began time.Time // of the transaction
	idle  bool      // after its last transaction
}

// run is the state of one shot; it lives on one locked thread.
type run struct {
	shot    Shot
	poll    *poll.Poll
	clients []client
	rng     *rand.Rand
	request []byte
	answer  []byte
	result  Result

	measuring, ending bool
	active            int
}

// Run logs all clients in, lets them work, and logs them out. It returns an
// error when there is nothing to measure: no login, a lost connection.
func Run(ctx context.Context, s Shot) (Result, error) {
	if len(s.Script.steps) > len(preparedNames) {
		return Result{}, fmt.Errorf("a script of %d statements, more than %d", len(s.Script.steps), len(preparedNames))
	}
	p, err := poll.New()
	if err != nil {
		return Result{}, err
	}
	defer p.Close()
	r := &run{shot: s, poll: p, answer: make([]byte, 64<<10), rng: rand.New(rand.NewPCG(rand.Uint64(), 1))}
	defer r.leave()
	if err := r.enter(ctx); err != nil {
		return Result{}, err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := r.work(ctx); err != nil {
		return Result{}, err
	}
	slices.Sort(r.result.Latencies)
	return r.result, nil
}

// enter logs in a few clients at a time: a server that forks takes a
// millisecond for each.
func (r *run) enter(ctx context.Context) error {
	const doors = 8
	type entry struct {
		fd  int
		err error
	}
	entries, tickets := make(chan entry), make(chan struct{}, doors)
	for range r.shot.Clients {
		go func() {
			tickets <- struct{}{}
			fd, err := r.login(ctx)
			<-tickets
			entries <- entry{fd, err}
		}()
	}
	var failed error
	for range r.shot.Clients {
		if e := <-entries; e.err != nil {
			failed = e.err
		} else {
			r.clients = append(r.clients, client{fd: e.fd})
		}
	}
	return failed
}

// login returns the socket of a client that has prepared its statements.
func (r *run) login(ctx context.Context) (int, error) {
	c, err := Dial(ctx, r.shot.Target)
	if err != nil {
		return 0, err
	}
	if r.shot.Protocol == Prepared {
		var b []byte
		for i := range r.shot.Script.steps {
			b = r.shot.Script.steps[i].appendParse(b, statementName(i))
		}
		if err := c.ask(appendSync(b), nil); err != nil {
			c.Close()
			return 0, fmt.Errorf("prepare: %w", err)
		}
	}
	if c.in.Buffered() > 0 {
		c.Close()
		return 0, errors.New("the server goes on talking after ReadyForQuery")
	}
	return poll.Detach(c.conn)
}

// leave logs out whoever is left.
func (r *run) leave() {
	for _, c := range r.clients {
		_, _ = poll.Send(c.fd, appendTerminate(nil))
		_ = syscall.Close(c.fd)
	}
}

// work drives the clients through warm-up, measured time and their last
// transactions.
func (r *run) work(ctx context.Context) error {
	now := time.Now()
	measured := now.Add(r.shot.Warm)
	for i := range r.clients {
		if err := r.poll.Add(r.clients[i].fd, int32(i), poll.Read); err != nil {
			return err
		}
		if err := r.begin(&r.clients[i], now); err != nil {
			return err
		}
	}
	r.active = len(r.clients)
	if err := r.until(ctx, measured); err != nil {
		return err
	}
	r.shot.Begin()
	began := time.Now()
	r.measuring = true
	if err := r.until(ctx, began.Add(r.shot.Time)); err != nil {
		return err
	}
	r.measuring, r.ending = false, true
	r.shot.End()
	r.result.Elapsed = time.Since(began)
	err := r.until(ctx, time.Now().Add(cmp.Or(r.shot.Grace, defaultGrace)))
	r.result.Stalled = r.active
	return err
}

// until works until then, or until every client has had its last answer.
func (r *run) until(ctx context.Context, then time.Time) error {
	for now := time.Now(); now.Before(then); {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		ready, err := r.poll.Wait(min(then.Sub(now), 100*time.Millisecond))
		if err != nil {
			return err
		}
		now = time.Now()
		for i := range ready {
			if err := r.read(&r.clients[ready[i].Fd]); err != nil {
				return err
			}
		}
		if r.ending && r.active == 0 {
			return nil
		}
	}
	return nil
}

// read takes what came for one client and sends its next request when the
// answer is complete.
func (r *run) read(c *client) error {
	n, err := poll.Recv(c.fd, r.answer)
	switch {
	case errors.Is(err, syscall.EAGAIN):
		return nil
	case err != nil:
		return fmt.Errorf("a client lost its connection: %w", err)
	case n == 0:
		return fmt.Errorf("a client was disconnected; last error: %q", r.result.FirstError)
	}
	ready, failed, err := c.scan.feed(r.answer[:n])
	if err != nil {
		return err
	}
	if failed > 0 {
		if r.result.Errors == 0 {
			r.result.FirstError = errorText(c.scan.text)
		}
		r.result.Errors += failed
	}
	switch {
	case ready == 0:
		return nil
	case ready > 1 || c.idle:
		return errors.New("a client got more answers than it asked for")
	}
	if c.step++; c.step < len(r.shot.Script.steps) {
		return r.send(c)
	}
	return r.finish(c)
}

// finish ends a client's transaction and begins the next at the same moment.
func (r *run) finish(c *client) error {
	now := time.Now()
	if r.measuring {
		r.result.Transactions++
		r.result.Latencies = append(r.result.Latencies, uint32(now.Sub(c.began).Microseconds()))
	}
	if r.ending {
		c.idle = true
		r.active--
		return nil
	}
	return r.begin(c, now)
}

func (r *run) begin(c *client, now time.Time) error {
	c.began, c.step, c.vars = now, 0, r.shot.Script.draw(r.rng)
	return r.send(c)
}

func (r *run) send(c *client) error {
	r.request = r.shot.Script.appendStep(r.request[:0], r.shot.Protocol, c.step, &c.vars)
	n, err := poll.Send(c.fd, r.request)
	if err == nil && n < len(r.request) {
		err = errors.New("the socket is full")
	}
	if err != nil {
		return fmt.Errorf("send a request: %w", err)
	}
	return nil
}
