package upstream

import (
	"fmt"
	"math/bits"
)

// The names of the policies, as the configuration spells them.
const (
	LeastBusy         = "least-busy"          // fewest requests in flight for its weight
	RoundRobin        = "round-robin"         // in turn, weights aside
	Weighted          = "weighted"            // in turn, by weight
	LeastResponseTime = "least-response-time" // the quicker of two drawn at random
	Random            = "random"              // by chance and weight
	First             = "first"               // the first of the list that is in rotation
	Hash              = "hash"                // the same key to the same upstream
)

// Policy chooses one of the upstreams c whose bit is set in usable, which is
// never 0. Chance comes in as r, uniform in 64 bits, and time as w.Now; a policy
// has no other source of either. Safe for concurrent use.
type Policy interface {
	Select(c []*Upstream, usable uint64, w Want, r uint64) *Upstream
}

// newPolicy makes the one of that name, for n upstreams. start offsets whoever would always begin
// with the same upstream: many proxies that start together must not all.
func newPolicy(s Settings, n int, start uint64) (Policy, error) {
	switch s.Policy {
	case LeastBusy:
		return least{newTurns(n, start)}, nil
	case RoundRobin:
		return roundRobin{newTurns(n, start)}, nil
	case Weighted:
		return &smooth{skip: start % MaxUpstreams}, nil
	case LeastResponseTime:
		return quicker{}, nil
	case Random:
		return random{}, nil
	case First:
		return first{}, nil
	case Hash:
		return rendezvous{bound: int64(s.HashBound)}, nil
	}
	return nil, fmt.Errorf("no balancing policy is called %q", s.Policy)
}

// first is HAProxy's "first" without its connection limits.
type first struct{}

func (first) Select(c []*Upstream, usable uint64, _ Want, _ uint64) *Upstream {
	return c[bits.TrailingZeros64(usable)]
}

// nth is the place of the n-th bit set in m, from 0.
func nth(m uint64, n int) int {
	for ; n > 0; n-- {
		m &= m - 1
	}
	return bits.TrailingZeros64(m)
}

// scale maps r, uniform in 64 bits, to a number below n.
func scale(r, n uint64) uint64 {
	hi, _ := bits.Mul64(r, n)
	return hi
}
