package upstream

// Upstream is one server as this configuration sees it: what it is called, its
// weight and zone. What has been seen of it is in its Host, which it shares
// with the Upstream of the same address before and after a reload. Its fields
// are never changed; safe for concurrent use.
type Upstream struct {
	*Host
	Target

	index  int
	full   int64  // weight in units, when not in slow start
	limit  int64  // of requests in flight, when not in slow start; 0 is none
	window int64  // slow start, ns; 0 is none
	tau    int64  // time constant of the latency average, ns
	seed   uint64 // of the address, for consistent hashing

	probe bool      // it is a twin: a request to it is a probe of its breaker
	twin  *Upstream // of one that is not
}

// Index is its bit in Want.Among: its place in the targets.
func (u *Upstream) Index() int { return u.index }

// Bit is the upstream as a member of Want.Avoid.
func (u *Upstream) Bit() uint64 { return 1 << (u.index % 64) }

// newUpstream makes one that has no host yet.
func newUpstream(i int, t Target, s Settings) *Upstream {
	t.Weight = or(t.Weight, 1)
	t.Name = or(t.Name, t.Addr)
	u := &Upstream{
		Target: t, index: i,
		full:   int64(t.Weight) * unit,
		limit:  int64(max(or(t.MaxConns, s.MaxConns), 0)),
		window: int64(s.SlowStart),
		tau:    int64(s.Tau),
		seed:   seedOf(t.Addr),
	}
	twin := *u
	twin.probe = true
	u.twin = &twin
	return u
}
