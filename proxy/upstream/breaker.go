package upstream

import (
	"sync"
	"sync/atomic"
	"time"
)

// breakerState is what a breaker does with requests.
type breakerState uint32

// Closed lets all through, open none, half-open a few to try the server.
const (
	closed breakerState = iota
	open
	halfOpen
)

func (b breakerState) String() string { return [...]string{"closed", "open", "half-open"}[b] }

// breaker is the circuit breaker of a Host. Requests that were under way when it
// opened say nothing any more; of those let through afterwards, the probes, all
// must pass. Who is a probe is in the Upstream that Take returned.
type breaker struct {
	state atomic.Uint32 // a breakerState; written under mu
	until atomic.Int64  // of open: when probes may go

	mu       sync.Mutex
	window   rolling
	streak   int // failures in a row while closed
	openings int // in a row
	probing  int // probes in flight, of before the latest opening too
	passed   int // probes since half-open began
}

func (b *breaker) is() breakerState { return breakerState(b.state.Load()) }

// lets says whether a request may begin now.
func (b *breaker) lets(now int64, s *Breaker) bool {
	switch b.is() {
	case closed:
		return true
	case open:
		if now < b.until.Load() {
			return false
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.is() == closed || b.free(s)
}

// free says whether a probe may begin. It is asked when open is over.
func (b *breaker) free(s *Breaker) bool {
	passed := b.passed
	if b.is() == open {
		passed = 0
	}
	return b.probing+passed < s.Probes
}

// admit lets a request begin, as a probe if need be, or not.
func (b *breaker) admit(now int64, s *Breaker) (ok, probe bool) {
	if b.is() == closed {
		return true, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.is() {
	case closed:
		return true, false
	case open:
		if now < b.until.Load() {
			return false, false
		}
	}
	if !b.free(s) {
		return false, false
	}
	if b.is() == open {
		b.passed = 0
		b.state.Store(uint32(halfOpen))
	}
	b.probing++
	return true, true
}

// withdraw takes back a probe that could not begin.
func (b *breaker) withdraw() {
	b.mu.Lock()
	b.probing--
	b.mu.Unlock()
}

// judge takes the outcome of a request into account.
func (b *breaker) judge(now int64, ok, probe bool, s *Breaker, rand func() uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if probe {
		b.probing--
	}
	switch {
	case !s.On:
	case b.is() == closed:
		if b.count(now, ok, s) {
			b.open(now, s, rand())
		}
	case b.is() == halfOpen && probe && !ok:
		b.open(now, s, rand())
	case b.is() == halfOpen && probe:
		if b.passed++; b.passed == s.Probes {
			b.openings = 0
			b.state.Store(uint32(closed))
		}
	}
}

// count says whether a closed breaker is to open.
func (b *breaker) count(now int64, ok bool, s *Breaker) bool {
	asked, failed := b.window.count(now, ok, int64(s.Window))
	if ok {
		b.streak = 0
		return false
	}
	b.streak++
	return s.Failures > 0 && b.streak >= s.Failures || asked >= s.Volume && 100*failed >= s.Ratio*asked
}

// open keeps requests away: each time in a row twice as long, up to the most,
// and by chance up to a tenth longer, so that many proxies do not come back at
// once.
func (b *breaker) open(now int64, s *Breaker, r uint64) {
	d := s.Time
	for range b.openings {
		d = min(2*d, s.MaxTime)
	}
	b.openings = min(b.openings+1, 63)
	d += time.Duration(scale(r, uint64(d)/100*uint64(s.Jitter)+1))
	b.window, b.streak = rolling{}, 0
	b.until.Store(now + int64(d))
	b.state.Store(uint32(open))
}

// letThrough leaves those whose breakers let a request through.
func (s *set) letThrough(m members, now int64) members {
	return m.those(func(i int) bool { return s.ups[i].breaker.lets(now, &s.Breaker) })
}
