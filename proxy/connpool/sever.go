package connpool

import (
	"slices"
	"time"
)

// Outdate has every conn closed as soon as it is idle; what is lent stays
// with its borrower meanwhile. What servers report is still believed.
func (p *Pool) Outdate() {
	p.mu.Lock()
	defer p.unlock()
	p.outdate()
}

func (p *Pool) outdate() {
	p.epoch++
	p.refused, p.retryAt = nil, time.Time{}
	p.closeIdle()
	p.growIfNeeded()
}

// Turn keeps only the conns that are at the server keep, as ServerConn.Addr
// spells it; others are closed as soon as they are idle. A dial under way to
// another server comes to nothing.
func (p *Pool) Turn(keep string) {
	p.mu.Lock()
	defer p.unlock()
	p.turn(keep)
	p.growIfNeeded()
}

// Sever is Turn, and closes also what is lent: who waits for an answer of a
// frozen server notices now. Sessions that wait for a conn are given err, or
// wait on for conns of keep when it is nil.
func (p *Pool) Sever(keep string, err error) {
	p.mu.Lock()
	p.turn(keep)
	lent := p.away(keep)
	for w := p.waiting.first; err != nil && w != nil; w = p.waiting.first {
		p.waiting.remove(w)
		w.give(nil, err)
	}
	p.growIfNeeded()
	p.unlock()
	for _, c := range lent {
		c.die()
		_ = c.Close()
	}
}

// away are the lent conns that are elsewhere; nobody watches them any more.
// p.mu is held.
func (p *Pool) away(keep string) (lent []*Conn) {
	for c := range p.all {
		if c.lent && c.Addr != keep {
			c.unwatch()
			lent = append(lent, c)
		}
	}
	return lent
}

// turn begins an epoch whose conns are at keep. p.mu is held.
func (p *Pool) turn(keep string) {
	before := p.epoch
	p.epoch++
	p.home, p.homeEpoch = keep, p.epoch
	p.refused, p.retryAt = nil, time.Time{}
	for c := range p.all {
		if c.Addr == keep && c.epoch == before {
			c.epoch = p.epoch
		}
	}
	p.idle = slices.DeleteFunc(p.idle, func(c *Conn) bool {
		if c.epoch == p.epoch {
			return false
		}
		p.discard(c)
		return true
	})
}

// arrived is the epoch of a conn to addr that was dialled in the given one. A
// dial that Turn would have wanted is as good as one begun after it.
func (p *Pool) arrived(addr string, epoch int) int {
	if p.homeEpoch == p.epoch && addr == p.home {
		return p.epoch
	}
	return epoch
}

// Retry ends the pause after a dial that failed: the server is known to be
// back.
func (p *Pool) Retry() {
	p.mu.Lock()
	defer p.unlock()
	p.refused, p.retryAt = nil, time.Time{}
	p.growIfNeeded()
}

// serving counts the conns that may come back to be lent again. p.mu is held.
func (p *Pool) serving() int {
	n := 0
	for c := range p.all {
		if c.epoch == p.epoch && !c.Dead() {
			n++
		}
	}
	return n
}
