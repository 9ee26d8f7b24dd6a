package tcpproxy

import (
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// How often the sweeper looks. Time limits are kept to within an eighth, or to
// within a second.
const (
	sweepMost  = time.Second
	sweepLeast = 10 * time.Millisecond
)

// sweepEvery is how often relays are looked at with these settings.
func (s *PoolSettings) sweepEvery() time.Duration {
	every := sweepMost
	for _, limit := range []time.Duration{s.Idle, s.Drain} {
		if limit > 0 {
			every = min(every, limit/8)
		}
	}
	return max(every, sweepLeast)
}

// sweep is the sweeper, until the pool is closed.
func (p *Pool) sweep() {
	defer p.sweeper.Done()
	every := p.settings.Load().sweepEvery()
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-p.retimed:
			if now := p.settings.Load().sweepEvery(); now != every {
				every = now
				t.Reset(every)
			}
		case at := <-t.C:
			p.look(at)
		}
	}
}

// look counts the bytes of all relays, and closes those that are over time.
func (p *Pool) look(now time.Time) {
	for _, r := range p.judge(now) {
		r.lookAfter()
	}
}

// judge returns the relays that are old enough to be looked after.
func (p *Pool) judge(now time.Time) (old []*relay) {
	idle := p.settings.Load().Idle
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := p.relays.first(); r != nil; r = p.relays.after(r) {
		if p.account(r) {
			r.movedAt = now
		}
		by, drained := p.ends[r.to.up.Host]
		if drained && now.After(by) || idle > 0 && now.Sub(r.movedAt) >= idle {
			r.sever()
		}
		if !r.began.IsZero() && now.Sub(r.began) >= keepAliveAfter {
			r.began = time.Time{}
			old = append(old, r)
		}
	}
	for h, by := range p.ends {
		if now.Sub(by) > time.Minute { // everybody there has been told
			delete(p.ends, h)
		}
	}
	return old
}

// account adds what has moved since the latest sweep, and tells whether
// anything has. The caller holds mu.
func (p *Pool) account(r *relay) bool {
	in, out := r.in.moved.Load(), r.out.moved.Load()
	moved := in != r.seen[0] || out != r.seen[1]
	if moved {
		more := [2]int64{in - r.seen[0], out - r.seen[1]}
		p.bytes.in.Add(more[0])
		p.bytes.out.Add(more[1])
		r.to.up.Moved(p.ups.Now(), int(more[0]+more[1]))
		r.seen = [2]int64{in, out}
	}
	return moved
}

// gone forgets a server that is not configured any more; its relays are closed
// after d, if that is not 0.
func (p *Pool) gone(h *upstream.Host, d time.Duration) {
	if d > 0 {
		p.endAfter(h, d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.maint, h)
}

// endAfter closes the relays to a server after d, which may be 0.
func (p *Pool) endAfter(h *upstream.Host, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends[h] = time.Now().Add(d)
}
