package freshness

import (
	"sync"
	"sync/atomic"
)

// MaxServers is how many servers one clock can tell apart; they are numbered
// from 0.
const MaxServers = 64

// Clock is the freshness of one cluster's replicas. The zero value is ready:
// nothing is known and no replica is fresh. Safe for concurrent use;
// FreshAsOf and the reading of writes take no lock that a sample holds.
//
// Positions given to it must be ends of records: see RecordEnd.
type Clock struct {
	mu       sync.Mutex
	timeline uint32
	ring     ring
	servers  [MaxServers]position
	waiters  int
	moved    chan struct{} // closed and replaced when a replica became fresher; nil when nobody waits

	fresh  [MaxServers]atomic.Int64 // Instants, written under mu
	writes writes
}

// position is how far a replica has replayed, as far as is known.
type position struct {
	replay LSN
	known  bool // and on the clock's timeline
}

// Reset begins a new timeline: no sample and no replica's position of the old
// one says anything about it. Instants of writes stay: what the new primary
// does not have is lost for everybody. A timeline that is already the clock's
// changes nothing.
func (c *Clock) Reset(timeline uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timeline != timeline {
		c.reset(timeline)
	}
}

func (c *Clock) reset(timeline uint32) {
	c.timeline = timeline
	c.ring = ring{}
	c.servers = [MaxServers]position{}
	for i := range c.fresh {
		c.fresh[i].Store(0)
	}
}

// Timeline is the one the clock is on; 0 before the first sample.
func (c *Clock) Timeline() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timeline
}

// Sampled records that the primary, asked at `at` (the moment of sending the
// question), had inserted its log up to insert. The first sample sets the
// timeline; one of another timeline is ignored, and so is one that is not
// younger than the last.
func (c *Clock) Sampled(at Instant, timeline uint32, insert LSN) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timeline == 0 {
		c.reset(timeline)
	}
	if timeline != c.timeline || !c.ring.add(sample{at, insert}) {
		return
	}
	for i := range c.servers {
		if c.servers[i].known && c.servers[i].replay >= insert {
			c.refresh(i, at)
		}
	}
}

// Replayed records how far a replica has replayed. A replica on another
// timeline than the primary's is not fresh at all. It may be less than
// before: a standby that crashed replays again what it had replayed.
func (c *Clock) Replayed(replica int, timeline uint32, replay LSN) {
	if replica < 0 || replica >= MaxServers {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if timeline == 0 || timeline != c.timeline {
		c.forget(replica)
		return
	}
	c.servers[replica] = position{replay, true}
	c.refresh(replica, c.ring.covered(replay))
}

// Forget takes back what is known of a replica until it is next heard of:
// after a lost connection it may have restarted, and a standby that crashed
// can come back older than it was.
func (c *Clock) Forget(replica int) {
	if replica < 0 || replica >= MaxServers {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(replica)
}

func (c *Clock) forget(replica int) {
	c.servers[replica] = position{}
	c.fresh[replica].Store(0)
}

// refresh publishes a replica's freshness and wakes who waits for it.
func (c *Clock) refresh(replica int, as Instant) {
	before := Instant(c.fresh[replica].Swap(int64(as)))
	if as > before && c.waiters > 0 {
		close(c.moved)
		c.moved = make(chan struct{})
	}
}

// FreshAsOf is the instant such that a read sent to the replica now sees
// everything acknowledged at or before it; 0 when nothing is known. One
// atomic load.
//
// It speaks of connections that were open when the replica was last heard of
// as well as of new ones, provided that who sees a replica's connection break
// says so (Forget).
func (c *Clock) FreshAsOf(replica int) Instant {
	if replica < 0 || replica >= MaxServers {
		return 0
	}
	return Instant(c.fresh[replica].Load())
}

// Behind is how many bytes of log the replica had not replayed when it was
// last heard of, against the youngest sample. ok is false when either is
// unknown.
func (c *Clock) Behind(replica int) (bytes uint64, ok bool) {
	if replica < 0 || replica >= MaxServers {
		return 0, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	last, sampled := c.ring.last()
	at := c.servers[replica]
	if !sampled || !at.known {
		return 0, false
	}
	if at.replay >= last.lsn {
		return 0, true
	}
	return uint64(last.lsn - at.replay), true
}
