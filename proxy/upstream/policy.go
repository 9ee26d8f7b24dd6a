package upstream

import (
	"fmt"
	"math/bits"
	"slices"
)

// The names of the policies, as the configuration spells them.
const (
	LeastBusy         = "least-busy"          // fewest requests in flight for its weight
	LeastResponseTime = "least-response-time" // the quicker of two drawn at random
	LeastBandwidth    = "least-bandwidth"     // fewest bytes of late for its weight
	PowerOfTwo        = "p2c"                 // the less busy of two drawn at random
	RoundRobin        = "round-robin"         // in turn, weights aside
	Weighted          = "weighted"            // in turn, by weight
	Random            = "random"              // by chance and weight
	First             = "first"               // the first of the list that is in rotation
	Hash              = "hash"                // the same key to the same upstream: fairest, its cost grows with the pool
	Ring              = "ring"                // the same, by a ring of points
	Maglev            = "maglev"              // the same, by Maglev's table: fair and quick, a few keys more move
)

// aliases are the names that people know from elsewhere. A name stands only for
// what it means there: Envoy's ROUND_ROBIN goes by weight, so it is not here.
var aliases = map[string]string{
	"least-connections": LeastBusy, "least-conn": LeastBusy, "least_conn": LeastBusy, "leastconn": LeastBusy,
	"least-request": LeastBusy, "least_request": LeastBusy, "wlc": LeastBusy,
	"least-time": LeastResponseTime, "least_time": LeastResponseTime,
	"ewma": LeastResponseTime, "peak-ewma": LeastResponseTime, "peak_ewma": LeastResponseTime,
	"least_bandwidth": LeastBandwidth,
	"power-of-two":    PowerOfTwo, "random-2": PowerOfTwo, "random(2)": PowerOfTwo,
	"rr":         RoundRobin,                                       // IPVS: without weights, which wrr has
	"roundrobin": Weighted, "static-rr": Weighted, "wrr": Weighted, // HAProxy's are by weight
	"source": Hash, "source-ip": Hash, "ip-hash": Hash, "ip_hash": Hash, "rendezvous": Hash,
	"consistent-hash": Ring, "ring-hash": Ring, "ring_hash": Ring, "ketama": Ring,
}

// Policies are the names of all policies, the default first. Canonical says
// which one another name means.
func Policies() []string {
	return []string{
		LeastBusy, LeastResponseTime, LeastBandwidth, PowerOfTwo, RoundRobin, Weighted, Random, First, Hash, Ring, Maglev,
	}
}

// Canonical is the policy's own name for one that people know from HAProxy,
// nginx or Envoy; other names are returned as they are.
func Canonical(name string) string {
	if own := aliases[name]; own != "" {
		return own
	}
	return name
}

// Aliases are the other names of a policy, sorted.
func Aliases(policy string) (names []string) {
	for name, own := range aliases {
		if own == policy {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Keyed says whether a policy of that name goes by Want.Key.
func Keyed(name string) bool {
	switch Canonical(name) {
	case Hash, Ring, Maglev:
		return true
	}
	return false
}

// policy chooses one of the upstreams c that are usable, of which there is one
// at least. It has no other source of time and chance than a. Safe for
// concurrent use.
type policy interface {
	Select(c []*Upstream, usable members, a ask) *Upstream
}

// ask is what a policy goes by.
type ask struct {
	now int64  // by the pool's clock
	key uint64 // Want.Key
	r   uint64 // chance, uniform
}

// newPolicy makes the one that s names, for the upstreams c. start offsets
// whoever would always begin with the same upstream: many proxies that start
// together must not all.
func newPolicy(s Settings, c []*Upstream, start uint64) (policy, error) {
	switch s.Policy {
	case LeastBusy:
		return least{newTurns(len(c), start)}, nil
	case LeastResponseTime:
		return quicker{}, nil
	case LeastBandwidth:
		return narrowest{newTurns(len(c), start)}, nil
	case PowerOfTwo:
		return pair{}, nil
	case RoundRobin:
		return roundRobin{newTurns(len(c), start)}, nil
	case Weighted:
		return newSmooth(len(c), start), nil
	case Random:
		return random{}, nil
	case First:
		return first{}, nil
	case Hash:
		return bounded(s, rendezvous{}), nil
	case Ring:
		return bounded(s, newRing(c)), nil
	case Maglev:
		return bounded(s, newMaglev(c)), nil
	}
	return nil, fmt.Errorf("no balancing policy is called %q", s.Policy)
}

// first is HAProxy's "first": Take leaves out those at their limit.
type first struct{}

func (first) Select(c []*Upstream, usable members, _ ask) *Upstream { return c[usable.first()] }

// scale maps r, uniform in 64 bits, to a number below n.
func scale(r, n uint64) uint64 {
	hi, _ := bits.Mul64(r, n)
	return hi
}
