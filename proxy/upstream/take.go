package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Why Take gives nothing; a ctx that has ended is its own error.
var (
	ErrNobody       = errors.New("no usable upstream")
	ErrOpen         = errors.New("too many requests fail: the breaker of every usable upstream is open")
	ErrQueueFull    = errors.New("every upstream is at its limit, and so is the queue")
	ErrQueueTimeout = errors.New("every upstream stayed at its limit")
)

// Take chooses an upstream that is below its limit and begins a request there:
// Pick and Begin in one, so that no limit is ever overstepped. Where everyone
// who would do is at its limit, the request waits its turn as Settings.Queue
// says. Who takes calls End of what he got exactly once; it hands the place to
// the first in the queue who can use it. The errors are ErrNobody, ErrOpen,
// ErrQueueFull, ErrQueueTimeout and ctx's, to be found by errors.Is.
func (p *Pool) Take(ctx context.Context, w Want) (*Upstream, error) {
	if w.Now == 0 {
		w.Now = p.clock()
	}
	// Nobody comes before those who wait, unless they wait for somebody else:
	// that is for the queue to say.
	if p.queue.waiting.Load() == 0 {
		if u, err := p.try(w); u != nil || err != nil {
			return u, err
		}
	}
	return p.wait(ctx, w)
}

// try takes at once, or returns nil and no error when all who would do are full.
func (p *Pool) try(w Want) (*Upstream, error) {
	if w.Now >= p.nextDue.Load() {
		p.catchUp(w.Now)
	}
	s := p.set.Load()
	for {
		u, err := s.choose(&w, p.rand(), true)
		if u == nil {
			return nil, err
		}
		// Another may have had its last place since we looked: look again. Each
		// round that fails is one in which somebody else got on.
		if v := s.begin(u, w.Now); v != nil {
			u.picks.Add(1)
			return v, nil
		}
	}
}

func (p *Pool) errTimeout() error {
	return fmt.Errorf("%w for %v", ErrQueueTimeout, p.set.Load().Queue.Timeout)
}

// begin begins a request at u, if breaker and limit let it. What it returns is u
// or its twin, who is a probe of the breaker; nil is neither.
func (s *set) begin(u *Upstream, now int64) *Upstream {
	probe := false
	if s.Breaker.On {
		var ok bool
		if ok, probe = u.breaker.admit(now, &s.Breaker); !ok {
			return nil
		}
	}
	switch {
	case u.beginBelow(now):
		if probe {
			return u.twin
		}
		return u
	case probe:
		u.breaker.withdraw()
	}
	return nil
}

// RetryAfter is how long it takes until time alone lets a request through that
// was refused now: until an open breaker lets probes through or an ejection
// ends. 0 is unknown, or already.
func (p *Pool) RetryAfter(now int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.set.Load()
	var least int64
	soon := func(at int64) {
		if d := at - now; d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	for _, u := range s.ups {
		if u.eject.on() {
			soon(u.eject.until)
		}
		if s.Breaker.On && u.breaker.is() == open {
			soon(u.breaker.until.Load())
		}
	}
	return time.Duration(least)
}
