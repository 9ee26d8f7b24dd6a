package upstream

import (
	"errors"
	"fmt"
	"time"
)

// maxWeight keeps (active+1) * weight far from overflowing 64 bits.
const maxWeight = 1_000_000

// maxPriority is Envoy's bound too.
const maxPriority = 127

// Target is one server as the configuration names it.
type Target struct {
	Name   string // for people; the address when empty
	Addr   string // identifies the Host; unique in a pool
	Weight int    // share relative to the others'; 0 means 1
	Zone   string // where it stands; "" is nowhere in particular

	MaxConns int // Settings.MaxConns for this one; 0 is that, negative is no limit
	Priority int // 0 serves first; the next one takes over as far as servers of the lower ones are out of rotation
}

// Settings are how a pool chooses and judges. The zero value is usable: each
// field has a default.
type Settings struct {
	Policy     string        // one of Policies, or a name that Canonical knows; LeastBusy when empty
	SlowStart  time.Duration // how long a server that comes back is spared, from a tenth of its weight and MaxConns; 0 is not at all
	Aggression float64       // of slow start: above 1 most comes back early, below 1 late; default 1, all the while alike
	Tau        time.Duration // time constant of the latency average, default 10 s (Envoy's peak_ewma)
	HashBound  int           // Hash, Ring, Maglev: percent of its fair share of requests in flight that an upstream may hold; 0 is no bound, useful are 125 to 200
	MaxConns   int           // requests (of TCP: connections) that Take lets one upstream hold; 0 is no limit
	Panic      int           // percent of a priority's servers: while fewer are in rotation, all of them serve; 0 is never
	Queue      Queue
	Retry      Retry
	Breaker    Breaker
	Ejection   Ejection
	Check      Check // used only where Options has a Prober
}

// Queue bounds the wait in Take for an upstream that is below its MaxConns.
type Queue struct {
	Length  int           // most requests that wait at a time, default 1024 (Envoy's max_pending_requests); negative: none
	Timeout time.Duration // longest wait, default 5 s
}

// Retry is the budget of MayRetry. Defaults are Envoy's retry_budget.
type Retry struct {
	Percent int // of the requests in flight and in the queue that may be retries, default 20; negative: none
	Floor   int // so many always may, default 3; negative: none
}

// Breaker is when requests to an upstream are refused because too many failed,
// and how it is tried again. Ejection spares a server while others can serve;
// a breaker spares it whoever is left.
type Breaker struct {
	On       bool
	Volume   int           // requests in Window without which the ratio says nothing, default 20
	Ratio    int           // percent of them that failed, at which it opens, default 50
	Failures int           // failures in a row that open it, default 0: none do
	Window   time.Duration // over which requests are counted, in ten steps, default 10 s
	Time     time.Duration // for which it stays open at first, default 5 s; each further time in a row doubles it
	MaxTime  time.Duration // that it stays open at most, default 60 s
	Jitter   int           // percent of that time it stays open longer at most, by chance, default 10; negative: none
	Probes   int           // requests let through after that, which must all pass, default 3
}

// Ejection is when a server is put aside because requests to it fail, and for
// how long. Defaults are Envoy's outlier detection, but for Share: Envoy's
// 10 % never ejects anybody from a pool of fewer than ten.
type Ejection struct {
	Failures int           // failures in a row that eject, default 5; negative: never eject
	Time     time.Duration // of the first ejection, default 30 s; each further one doubles it
	MaxTime  time.Duration // of any ejection, default 300 s
	Share    int           // percent of the pool that may be ejected at once, default 50; one always may, and the last in rotation never
	Calm     time.Duration // in rotation for this long takes one doubling back, default 10 s
	TimeOnly bool          // a passing check does not end an ejection for failures in a row, only time does, as it does any other

	// Servers are also compared with each other, at intervals: each that had
	// Volume requests, if there are as many as Hosts.
	Interval    time.Duration // default 10 s
	Hosts       int           // default 5
	Volume      int           // default 100
	Deviations  float64       // standard deviations that its success rate may lie below the mean, default 1.9; negative: any
	Gap         int           // percent points that it may always lie below the mean, default 5
	FailureRate int           // percent of failures that eject whatever the mean is, default 0: none do
}

// Check is how often a Prober is asked and how many equal answers in a row
// change a server's state. The very first answer counts at once.
type Check struct {
	Interval time.Duration // default 1 s
	Timeout  time.Duration // of one probe, default 500 ms
	Fast     time.Duration // between probes while the state is in doubt, default Interval/10
	Rise     int           // passes that bring a server up, default 2
	Fall     int           // failures that take it down, default 2
	Jitter   int           // percent by which an interval is shortened or lengthened at random, default 10; negative: none
}

func (s Settings) withDefaults() Settings {
	s.Policy = Canonical(or(s.Policy, LeastBusy))
	s.Tau = or(s.Tau, 10*time.Second)
	if s.Aggression <= 0 {
		s.Aggression = 1
	}
	s.Queue.Length = max(or(s.Queue.Length, 1024), 0)
	s.Queue.Timeout = or(s.Queue.Timeout, 5*time.Second)
	s.Retry.Percent = max(or(s.Retry.Percent, 20), 0)
	s.Retry.Floor = max(or(s.Retry.Floor, 3), 0)
	b := &s.Breaker
	b.Volume = or(b.Volume, 20)
	b.Ratio = or(b.Ratio, 50)
	b.Window = or(b.Window, 10*time.Second)
	b.Time = or(b.Time, 5*time.Second)
	b.MaxTime = max(or(b.MaxTime, 60*time.Second), b.Time)
	b.Probes = or(b.Probes, 3)
	b.Jitter = max(or(b.Jitter, 10), 0)
	e, c := &s.Ejection, &s.Check
	e.Failures = or(e.Failures, 5)
	e.Time = or(e.Time, 30*time.Second)
	e.MaxTime = max(or(e.MaxTime, 300*time.Second), e.Time)
	e.Share = or(e.Share, 50)
	e.Calm = or(e.Calm, 10*time.Second)
	e.Interval = or(e.Interval, 10*time.Second)
	e.Hosts = max(or(e.Hosts, 5), 1)
	e.Volume = max(or(e.Volume, 100), 1)
	e.Deviations = or(e.Deviations, 1.9)
	e.Gap = or(e.Gap, 5)
	c.Interval = or(c.Interval, time.Second)
	c.Timeout = or(c.Timeout, 500*time.Millisecond)
	c.Fast = min(or(c.Fast, c.Interval/10), c.Interval)
	c.Rise = or(c.Rise, 2)
	c.Fall = or(c.Fall, 2)
	c.Jitter = max(or(c.Jitter, 10), 0)
	return s
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func checkTargets(ts []Target) error {
	if len(ts) > MaxUpstreams {
		return fmt.Errorf("%d upstreams in one pool: at most %d", len(ts), MaxUpstreams)
	}
	seen := make(map[string]bool, len(ts))
	for _, t := range ts {
		switch {
		case t.Addr == "":
			return errors.New("an upstream without an address")
		case seen[t.Addr]:
			return fmt.Errorf("upstream %s: twice in one pool", t.Addr)
		case t.Weight < 0 || t.Weight > maxWeight:
			return fmt.Errorf("upstream %s: weight %d: from 1 to %d", t.Addr, t.Weight, maxWeight)
		case t.Priority < 0 || t.Priority > maxPriority:
			return fmt.Errorf("upstream %s: priority %d: from 0 to %d", t.Addr, t.Priority, maxPriority)
		}
		seen[t.Addr] = true
	}
	return nil
}
