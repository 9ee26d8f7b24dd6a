package upstream

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Begin counts a request that goes to the server now.
func (h *Host) Begin(now int64) {
	if h.active.Add(1) == 1 {
		h.latency.moved.Store(now)
	}
}

// End counts its end: how long it took, or took to answer, and whether the
// server did its part. A refused dial or a lost conn is not ok; an error that
// the request itself deserved is. Each Begin, and each Take, has one End; it
// gives the place to whoever waits in Take.
func (h *Host) End(now int64, took time.Duration, ok bool) {
	h.active.Add(-1)
	p := h.pool
	h.judge(p.set.Load(), now, took, ok)
	// After the judgement: who waits should not get the place of one ejected by it.
	if p.queue.waiting.Load() != 0 {
		p.served(now)
	}
}

// judge takes the outcome of a request into account.
func (h *Host) judge(s *set, now int64, took time.Duration, ok bool) {
	h.latency.observe(now, took, ok, s.Tau)
	if ok {
		// Looking first keeps the line shared between cores.
		if h.streak.Load() != 0 {
			h.streak.Store(0)
		}
		return
	}
	h.failures.Add(1)
	h.doubt()
	if limit := int64(s.Ejection.Failures); limit > 0 && h.streak.Add(1) == limit {
		h.pool.ejectHost(h, now)
	}
}

// doubt asks for a check at once.
func (h *Host) doubt() {
	select {
	case h.suspect <- struct{}{}:
	default: // it has been asked
	}
}

// What failures and spikes weigh. A server that fails fast must not look quick.
const (
	failureFactor = 10                     // a failure counts as ten times the usual latency
	failureFloor  = 100 * time.Millisecond // and as this at least
	latencyCap    = 5 * time.Second        // nginx's cap in least_time
)

// latency is a peak-sensitive moving average (Finagle's PeakEwma): up at once,
// down with time constant tau. The fields are read one by one without the
// lock; a reader between two writes is off by one sample's decay.
type latency struct {
	mu    sync.Mutex    // one writer at a time
	avg   atomic.Uint64 // float64 bits, ns; 0 is no sample
	at    atomic.Int64  // of the latest sample
	moved atomic.Int64  // when the server last answered, or was given work when idle
}

func (l *latency) observe(now int64, took time.Duration, ok bool, tau time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moved.Store(now)
	old := math.Float64frombits(l.avg.Load())
	sample := float64(took)
	if !ok {
		sample = max(sample, failureFactor*old, float64(failureFloor))
	}
	sample = max(min(sample, float64(latencyCap)), 1)
	if sample < old {
		sample += (old - sample) * decay(now-l.at.Load(), int64(tau))
	}
	l.avg.Store(math.Float64bits(sample))
	l.at.Store(now)
}
