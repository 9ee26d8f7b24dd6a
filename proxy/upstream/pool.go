package upstream

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a pool is built into; a reload does not change them.
type Options struct {
	Prober  Prober        // asked about each upstream; nil: nobody is
	Watched bool          // somebody else calls SetUp and SetDown: upstreams begin unknown
	Clock   func() int64  // nanoseconds since some beginning, never back; nil: since New. Times given to Want, Begin and End are of this clock
	Rand    func() uint64 // chance, for concurrent use; nil: math/rand/v2
}

// Pool is a set of upstreams with a policy. Safe for concurrent use; to be
// closed by its owner.
type Pool struct {
	prober Prober
	told   bool // Options.Watched
	clock  func() int64
	rand   func() uint64

	set     atomic.Pointer[set]
	nextDue atomic.Int64 // when time changes who is in rotation, MaxInt64 when it will not; see catchUp

	queue   queue
	retries atomic.Int64 // that are under way

	mu      sync.Mutex // guards hosts, changes of set, and what Host says
	hosts   map[string]*Host
	sweepAt int64 // when servers are compared next; see sweep

	life     context.Context // ends with Close
	end      context.CancelFunc
	checkers sync.WaitGroup
}

// set is one configuration of a pool: immutable but for its rotation.
type set struct {
	Settings
	ups     []*Upstream
	zones   []zone
	policy  policy
	keyed   bool // the policy goes by Want.Key
	limited bool // somebody has a limit

	rotation atomic.Pointer[rotation] // written under Pool.mu
}

// New builds a pool and starts to check its upstreams if there is a Prober. It
// errs as Use does.
func New(o Options, s Settings, ts []Target) (*Pool, error) {
	p := &Pool{prober: o.Prober, told: o.Watched, clock: o.Clock, rand: o.Rand, hosts: map[string]*Host{}}
	if p.clock == nil {
		began := time.Now()
		p.clock = func() int64 { return int64(time.Since(began)) }
	}
	if p.rand == nil {
		p.rand = rand.Uint64
	}
	p.nextDue.Store(math.MaxInt64)
	p.life, p.end = context.WithCancel(context.Background())
	if err := p.Use(s, ts); err != nil {
		p.end()
		return nil, err
	}
	return p, nil
}

// Use replaces settings and targets. Hosts whose address stays keep all that
// is known of them; those that go are no longer checked, and what is in flight
// there ends in peace. It errs, and changes nothing, when there are more than
// MaxUpstreams, an address is missing or there twice, a weight is out of range,
// or no policy has that name.
func (p *Pool) Use(s Settings, ts []Target) error {
	if err := checkTargets(ts); err != nil {
		return err
	}
	s = s.withDefaults()
	n := &set{Settings: s, keyed: Keyed(s.Policy)}
	for i, t := range ts {
		u := newUpstream(i, t, s)
		n.ups = append(n.ups, u)
		n.limited = n.limited || u.limit > 0
	}
	n.zones = zonesOf(n.ups)
	// A policy's table takes milliseconds to make: before the lock.
	var err error
	if n.policy, err = newPolicy(s, n.ups, p.rand()); err != nil {
		return err
	}
	p.use(n)
	p.served(p.clock()) // limits may be higher, and servers more
	return nil
}

// use gives the upstreams of n their hosts and makes it the pool's set.
func (p *Pool) use(n *set) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old, first := p.hosts, p.set.Load() == nil
	p.hosts = make(map[string]*Host, len(n.ups))
	for _, u := range n.ups {
		h := old[u.Addr]
		if h == nil {
			h = newHost(p, u.Addr, p.clock(), first)
		}
		delete(old, u.Addr)
		p.hosts[u.Addr] = h
		u.Host = h
		u.twin.Host = h
	}
	// Its rotation comes first: nobody may find it with nobody in rotation.
	n.rotation.Store(newRotation(n))
	p.set.Store(n)
	if p.sweepAt == 0 {
		p.sweepAt = p.clock() + int64(n.Ejection.Interval)
	}
	p.nextDue.Store(n.nextDue(p.sweepAt))
	p.startCheckers()
	for _, h := range old {
		h.stopChecker()
	}
}

// Upstreams are those of the latest Use, in the order of its targets. Not to be
// changed.
func (p *Pool) Upstreams() []*Upstream { return p.set.Load().ups }

// Now is the time of the pool's clock, in nanoseconds.
func (p *Pool) Now() int64 { return p.clock() }

// Close ends the checks and returns when none is running. Pick and Take go on
// working with what was known last.
func (p *Pool) Close() {
	p.mu.Lock() // a Use under way starts its checkers before, or none at all
	p.end()
	p.mu.Unlock()
	p.queue.close()
	p.checkers.Wait()
}

// watched says whether somebody tells upstreams' health; else they are up.
func (p *Pool) watched() bool { return p.told || p.prober != nil }
