package upstream

import "sync/atomic"

// health is what checks say of a server.
type health uint8

// The states of health. A server that is being checked begins unknown and gets
// no requests before its first pass.
const (
	unknown health = iota
	up
	down
)

func (h health) String() string { return [...]string{"unknown", "up", "down"}[h] }

// Host is what has been seen of one address: its health, load, latency and
// failures. It outlives reloads of its pool. Safe for concurrent use. Times are
// nanoseconds of the pool's clock.
type Host struct {
	pool *Pool
	addr string

	active   atomic.Int64 // requests in flight
	picks    atomic.Int64
	failures atomic.Int64
	streak   atomic.Int64 // failures since the last success
	rampFrom atomic.Int64 // when slow start began; 0 is never
	latency  latency
	flow     flow
	breaker  breaker
	suspect  chan struct{} // asks the checker, if any, not to wait for its interval

	// Guarded by pool.mu.
	health   health
	why      string // of down; of up, what the check reported
	since    int64  // when health last changed
	draining bool
	spared   bool // its first pass begins no slow start: the pool is as new as it is
	eject    ejected
	stop     func() // ends its checker; nil without one
}

func newHost(p *Pool, addr string, now int64, first bool) *Host {
	h := &Host{pool: p, addr: addr, spared: first, since: now, suspect: make(chan struct{}, 1)}
	if !p.watched() {
		h.setHealth(up, now, "")
	}
	return h
}

// SetUp says that a check asked at `asked` has passed. It also ends an ejection
// for failures in a row that began before the check was asked, unless Settings
// say that only time does; one for its success rate it does not end, the server
// passed its checks all the while. Calling it for each pass is right: it changes
// nothing when the server is up already.
func (h *Host) SetUp(asked int64) { h.passed(asked, "") }

func (h *Host) passed(asked int64, note string) {
	p := h.pool
	defer p.served(asked)
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := h.setHealth(up, asked, note)
	if h.eject.on() && asked >= h.eject.at && !h.eject.byRate && !p.set.Load().Ejection.TimeOnly {
		h.restore(asked)
		changed = true
	}
	if changed { // it is not at most passes, and costs a look at everybody
		p.refresh()
	}
}

// SetDown takes the server out of rotation until SetUp, and says why.
func (h *Host) SetDown(now int64, why string) {
	p := h.pool
	defer p.served(now) // nobody may be left to wait for
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.setHealth(down, now, why) {
		p.refresh()
	}
}

// Drain takes the server out of rotation, whatever its health, until it is
// called with false. Requests in flight are left alone.
func (h *Host) Drain(on bool) {
	p := h.pool
	defer p.served(p.clock())
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.draining && !on && h.health == up {
		h.beginRamp(p.clock())
	}
	h.draining = on
	p.refresh()
}

// setHealth is the only one to change it, and says whether it did. The caller
// holds pool.mu and calls refresh then.
func (h *Host) setHealth(to health, now int64, why string) bool {
	h.why = why
	if h.health == to {
		return false
	}
	h.health, h.since = to, now
	if to != up {
		return true
	}
	h.streak.Store(0)
	if !h.spared {
		h.beginRamp(now)
	}
	h.spared = false
	return true
}

// beginRamp starts slow start; 0 is taken, it stands for none.
func (h *Host) beginRamp(now int64) { h.rampFrom.Store(max(now, 1)) }

func (h *Host) inRotation() bool { return h.health == up && !h.draining && !h.eject.on() }
