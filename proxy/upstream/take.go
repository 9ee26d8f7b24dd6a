package upstream

import (
	"context"
	"errors"
	"fmt"
)

// Why Take gives nothing; a ctx that has ended is its own error.
var (
	ErrNobody       = errors.New("no usable upstream")
	ErrQueueFull    = errors.New("every upstream is at its limit, and so is the queue")
	ErrQueueTimeout = errors.New("every upstream stayed at its limit")
)

// Take chooses an upstream that is below its limit and begins a request there:
// Pick and Begin in one, so that no limit is ever overstepped. Where everyone
// who would do is at its limit, the request waits its turn as Settings.Queue
// says. Who takes calls End of what he got exactly once; it hands the place to
// the first in the queue who can use it. The errors are ErrNobody,
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
	if w.Now >= p.nextReturn.Load() {
		p.returnDue(w.Now)
	}
	s := p.set.Load()
	for {
		m := s.inReach(w)
		if m == 0 {
			return nil, ErrNobody
		}
		if s.limited {
			if m = s.belowLimit(m, w.Now); m == 0 {
				return nil, nil
			}
		}
		u := s.policy.Select(s.ups, s.preferred(m, w), w, p.rand())
		// Another may have had its last place since we looked: look again. Each
		// round that fails is one in which somebody else got on.
		if u.beginBelow(w.Now) {
			u.picks.Add(1)
			return u, nil
		}
	}
}

func (p *Pool) errTimeout() error {
	return fmt.Errorf("%w for %v", ErrQueueTimeout, p.set.Load().Queue.Timeout)
}
