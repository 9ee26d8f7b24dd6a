package upstream

import (
	"context"
	"time"
)

// Prober asks a server whether it can take requests. An error is a failed
// check and says why. Probe is called from one goroutine per upstream at a time
// and returns when ctx ends.
type Prober interface {
	Probe(ctx context.Context, addr string) (Report, error)
}

// Report is what a server answered to a probe that passed.
type Report struct {
	Note string // for the console, such as a version or a status line
}

// checker is the active health check of one Host. Only its goroutine, run,
// touches it.
type checker struct {
	pool *Pool
	host *Host
	runs tally
	last int64 // when the latest probe was asked
}

// startCheckers gives each host of the pool that has none a checker. The caller
// holds mu.
func (p *Pool) startCheckers() {
	if p.prober == nil || p.life.Err() != nil {
		return
	}
	for _, h := range p.hosts {
		if h.stop != nil {
			continue
		}
		ctx, stop := context.WithCancel(p.life)
		h.stop = stop
		c := &checker{pool: p, host: h}
		p.checkers.Go(func() { c.run(ctx) })
	}
}

func (h *Host) stopChecker() {
	if h.stop != nil {
		h.stop()
	}
}

// run probes at once, then after each interval, or sooner when a request has
// failed, until ctx ends.
func (c *checker) run(ctx context.Context) {
	due := time.NewTimer(0)
	defer due.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.host.suspect:
			// However many requests fail, probes keep their distance.
			due.Reset(time.Duration(max(0, c.last+int64(c.settings().Fast)-c.pool.clock())))
			continue
		case <-due.C:
		}
		c.probe(ctx)
		due.Reset(c.wait())
	}
}

func (c *checker) settings() Check { return c.pool.set.Load().Check }

func (c *checker) probe(ctx context.Context) {
	s := c.settings()
	c.last = c.pool.clock()
	asking, cancel := context.WithTimeout(ctx, s.Timeout)
	report, err := c.pool.prober.Probe(asking, c.host.addr)
	cancel()
	if ctx.Err() != nil {
		return // the pool let go of it: that is no failure of the server
	}
	switch c.runs.count(err == nil, s) {
	case up:
		c.host.passed(c.last, report.Note)
	case down:
		c.host.SetDown(c.pool.clock(), err.Error())
	}
}

// wait is the time to the next probe: short while the state is in doubt.
func (c *checker) wait() time.Duration {
	s := c.settings()
	d := s.Interval
	if c.runs.doubtful() {
		d = s.Fast
	}
	span := uint64(d) * uint64(s.Jitter) / 100
	return d - time.Duration(span) + time.Duration(scale(c.pool.rand(), 2*span+1))
}

// tally counts answers against the state they speak for. It begins unknown,
// where the first answer decides.
type tally struct {
	state   health
	against int // answers in a row that contradict it
}

// count takes one answer. It returns what it means for the server: up, down, or
// unknown when it takes more to change its state.
func (t *tally) count(pass bool, s Check) health {
	says, need := down, s.Fall
	if pass {
		says, need = up, s.Rise
	}
	if says == t.state {
		t.against = 0
		return says
	}
	t.against++
	if t.state != unknown && t.against < need {
		return unknown
	}
	t.state, t.against = says, 0
	return says
}

func (t *tally) doubtful() bool { return t.against > 0 }
