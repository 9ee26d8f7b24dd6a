package connpool

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// growIfNeeded starts as many dials as there are waiters without one, up to
// the limits. p.mu is held.
func (p *Pool) growIfNeeded() {
	for p.waiting.len() > p.dialling && p.mayDial() {
		p.startDial()
	}
}

func (p *Pool) mayDial() bool {
	if p.paused || p.closed || time.Now().Before(p.retryAt) {
		return false
	}
	open := len(p.all) + p.dialling
	if open < p.limits.Size {
		return true
	}
	oldest := p.waiting.first
	return open < p.limits.Size+p.limits.Reserve && oldest != nil && time.Since(oldest.since) >= p.limits.ReserveAfter
}

func (p *Pool) startDial() {
	p.dialling++
	p.dials.Add(1)
	go p.dial(p.epoch)
}

// dial opens one conn and gives it to whoever waits first.
func (p *Pool) dial(epoch int) {
	defer p.dials.Done()
	s, err := p.servers.Dial(p.ctx)
	p.mu.Lock()
	defer p.unlock()
	p.dialling--
	if err != nil {
		p.dialFailed(err)
		return
	}
	p.refused, p.retryAt = nil, time.Time{}
	c := p.adoptServer(s, p.arrived(s.Addr, epoch))
	if c.Dead() {
		p.retryAt = time.Now().Add(p.limits.LoginRetry) // it lets us in and hangs up
	}
	p.takeIn(c)
	p.growIfNeeded()
}

func (p *Pool) adoptServer(s *protocol.ServerConn, epoch int) *Conn {
	c := &Conn{
		ServerConn: s, ID: p.nextID(), pool: p, born: time.Now(), epoch: epoch,
		prepared: newPreparedSet(p.limits.Prepared), calm: make(chan struct{}, 1),
	}
	for _, r := range s.Reported {
		c.Reported = c.Reported.With(r.Name, toldOf(r.Name, r.Value))
	}
	p.all[c] = struct{}{}
	c.unwatch = p.hangups.Watch(s.NetConn(), c.hungUp)
	return c
}

// dialFailed pauses dialling and, when there is no conn left to wait for,
// ends the wait of everyone with the server's own error. While the pool is
// paused nobody minds: a server may be down for the while. p.mu is held.
func (p *Pool) dialFailed(err error) {
	if p.closed || p.paused {
		return
	}
	p.retryAt = time.Now().Add(p.limits.LoginRetry)
	p.refused = refusalOf(err)
	if p.serving() > 0 || p.dialling > 0 {
		return
	}
	for w := p.waiting.pop(); w != nil; w = p.waiting.pop() {
		w.give(nil, p.refused)
	}
}

// refusalOf is what clients are told. Addresses of servers stay out of it.
func refusalOf(err error) error {
	var e *pgerror.Error
	if errors.As(err, &e) {
		c := *e
		c.Severity = pgerror.SeverityError
		return &c
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return pgerror.New(pgerror.CannotConnectNow, "could not connect to the server: timed out")
	}
	return pgerror.New(pgerror.CannotConnectNow, "could not connect to the server").
		WithHint("the server is down or does not accept wye's connection; wye's log has the reason")
}

// Maintain closes conns that are idle or old beyond the limits, keeps the
// minimum open, and grows into the reserve for those who have waited long.
// The pool's owner calls it about once a second.
func (p *Pool) Maintain(now time.Time) {
	p.mu.Lock()
	defer p.unlock()
	p.retire(now)
	p.closeUnused(now)
	for p.assigned > 0 && len(p.all)+p.dialling < min(p.limits.Min, p.limits.Size) && p.mayDial() {
		p.startDial()
	}
	p.growIfNeeded()
}

// retire marks the conns that are too old: they are not lent again.
func (p *Pool) retire(now time.Time) {
	if p.limits.Lifetime <= 0 {
		return
	}
	for c := range p.all {
		if now.Sub(c.born) > p.limits.Lifetime {
			c.retired = true
		}
	}
}

// closeUnused closes idle conns that are worn, or not used for long.
func (p *Pool) closeUnused(now time.Time) {
	p.idle = slices.DeleteFunc(p.idle, func(c *Conn) bool {
		if c.idleAt.IsZero() {
			c.idleAt = now
		}
		unused := p.limits.Idle > 0 && now.Sub(c.idleAt) > p.limits.Idle && len(p.all) > p.limits.Min
		if unused || p.worn(c) {
			p.discard(c)
			return true
		}
		return false
	})
}
