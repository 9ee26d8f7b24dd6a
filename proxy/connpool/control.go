package connpool

import (
	"net"
	"slices"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Pause lends nothing more until Resume: new requests wait. Idle conns are
// closed, others when they come back. It returns at once; Counts tells when
// none is active any more.
func (p *Pool) Pause() {
	p.mu.Lock()
	defer p.unlock()
	p.paused = true
	p.closeIdle()
}

// Resume ends a Pause. What failed before says nothing any more.
func (p *Pool) Resume() {
	p.mu.Lock()
	defer p.unlock()
	p.paused = false
	p.refused, p.retryAt = nil, time.Time{}
	p.growIfNeeded()
}

// Reconnect has every conn closed as soon as it is idle, and what is known
// about the servers forgotten.
func (p *Pool) Reconnect() {
	p.mu.Lock()
	defer p.unlock()
	clear(p.profiles)
	p.outdate()
}

// SetLimits changes the limits; they hold from the next acquire or release.
func (p *Pool) SetLimits(l Limits) {
	p.mu.Lock()
	defer p.unlock()
	p.limits = l
	for p.excess() && len(p.idle) > 0 {
		p.discard(p.idle[0])
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	p.growIfNeeded()
}

// Close ends the pool: waiting sessions get an error, idle conns are closed,
// others when they are released. It waits for dials under way.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.stop()
	p.closeIdle()
	for w := p.waiting.pop(); w != nil; w = p.waiting.pop() {
		w.give(nil, pgerror.New(pgerror.AdminShutdown, "terminating connection due to administrator command"))
	}
	p.unlock()
	p.dials.Wait()
}

// Profile returns what a server reports (ParameterStatus) to a session with
// these parameters, if that is known: then a login needs no server conn.
func (p *Pool) Profile(params Params) (reported Params, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	reported, ok = p.profiles[params]
	return reported, ok
}

// maxProfiles bounds what clients can make a pool remember.
const maxProfiles = 1000

// SetProfile notes what a server reported to a session with these parameters.
func (p *Pool) SetProfile(params, reported Params) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for old := range p.profiles {
		if len(p.profiles) < maxProfiles {
			break
		}
		delete(p.profiles, old) // any one
	}
	p.profiles[params] = reported
}

// Counts is the state of a pool at one moment.
type Counts struct {
	Active, Idle, Dialling, Waiting int
	LongestWait                     time.Duration
	Assigned                        uint64
	Paused                          bool
	Limits                          Limits
	LastError                       error
}

// Counts returns the pool's state.
func (p *Pool) Counts(now time.Time) Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Counts{
		Active: len(p.all) - len(p.idle), Idle: len(p.idle), Dialling: p.dialling, Waiting: p.waiting.len(),
		Assigned: p.assigned, Paused: p.paused, Limits: p.limits, LastError: p.refused,
	}
	if w := p.waiting.first; w != nil {
		c.LongestWait = now.Sub(w.since)
	}
	return c
}

// ConnState describes one server conn for SHOW SERVERS.
type ConnState struct {
	ID      uint64
	Remote  net.Addr
	Local   net.Addr
	Net     net.Conn
	PID     uint32
	TLS     bool
	Born    time.Time
	Session uint64 // who has it, 0 = idle
	Dead    bool
}

// Conns lists the pool's server conns.
func (p *Pool) Conns() []ConnState {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]ConnState, 0, len(p.all))
	for c := range p.all {
		list = append(list, ConnState{
			ID: c.ID, Remote: c.NetConn().RemoteAddr(), Local: c.NetConn().LocalAddr(), Net: c.NetConn(), PID: c.PID, TLS: c.TLS,
			Born: c.born, Session: c.user.Load(), Dead: c.Dead(),
		})
	}
	return list
}

// Outdated counts the conns that Reconnect wants closed and that are still in
// use.
func (p *Pool) Outdated() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for c := range p.all {
		if c.epoch != p.epoch {
			n++
		}
	}
	return n
}

// Limits returns the limits in force.
func (p *Pool) Limits() Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limits
}
