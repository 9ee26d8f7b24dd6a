package upstream

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/stats"
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
	h.end(now, took, ok, false)
}

// End is Host's. What Take returned is to be told of its own end: it may be a
// probe of a breaker.
func (u *Upstream) End(now int64, took time.Duration, ok bool) { u.end(now, took, ok, u.probe) }

// Answered is the half of End that judges, for a request or connection that
// goes on: what it told of the server is known already. Left is the other half.
func (u *Upstream) Answered(now int64, took time.Duration, ok bool) {
	u.judge(now, took, ok, u.probe)
}

// Forget is the end of a request that says nothing of the server, such as one
// whose client gave up before an answer could be due. It stands for End.
func (u *Upstream) Forget(now int64) {
	if u.probe {
		u.breaker.withdraw()
	}
	u.Left(now)
}

// Left is the end of a request that Answered has judged.
func (h *Host) Left(now int64) {
	h.active.Add(-1)
	if h.pool.queue.waiting.Load() != 0 {
		h.pool.served(now)
	}
}

func (h *Host) end(now int64, took time.Duration, ok, probe bool) {
	// Who waits is served last: he should not get the place of one that this ejects.
	h.judge(now, took, ok, probe)
	h.Left(now)
}

// judge takes the outcome of a request into account.
func (h *Host) judge(now int64, took time.Duration, ok, probe bool) {
	s := h.pool.set.Load()
	h.latency.observe(now, took, ok, s.Tau)
	if s.Breaker.On || probe {
		h.breaker.judge(now, ok, probe, &s.Breaker, h.pool.rand)
	}
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

	asked, failed   int64  // since the latest sweep; under mu
	answers, errors pace   // under mu
	lately          lately // under mu
}

func (l *latency) observe(now int64, took time.Duration, ok bool, tau time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.moved.Store(now)
	l.asked++
	l.answers.add(now)
	l.lately.add(now, took)
	if !ok {
		l.failed++
		l.errors.add(now)
	}
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

// tally returns what was observed since it was last asked, and begins anew.
func (l *latency) tally() (asked, failed int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked, failed = l.asked, l.failed
	l.asked, l.failed = 0, 0
	return asked, failed
}

// paces are answers and errors per second of late, and how long answers took.
func (l *latency) paces(now int64) (answers, errors float64, took stats.Histogram) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.answers.perSecond(now), l.errors.perSecond(now), l.lately.recent(now)
}
