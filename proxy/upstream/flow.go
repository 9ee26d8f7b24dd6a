package upstream

import (
	"math"
	"sync"
	"sync/atomic"
)

// flowTau is the time constant of the flow's average, ns: 5 s / ln 2, a
// half-life of 5 s.
const flowTau = 7_213_475_204

// flow measures the bytes that a server moves. The sum decays with flowTau, so
// that at a steady rate it stands at rate * flowTau.
type flow struct {
	total atomic.Int64  // bytes since the beginning
	sum   atomic.Uint64 // float64 bits, bytes; written under mu
	at    atomic.Int64  // of the latest change
	mu    sync.Mutex    // one writer at a time
}

// Moved counts bytes that passed to or from the server, in both directions
// together. It is to be called while they pass, not only when all have: a pick
// in the meantime should know.
func (h *Host) Moved(now int64, bytes int) { h.flow.add(now, bytes) }

func (f *flow) add(now int64, bytes int) {
	f.total.Add(int64(bytes))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sum.Store(math.Float64bits(f.recent(now) + float64(bytes)))
	f.at.Store(max(now, f.at.Load()))
}

// recent is about the bytes of the last seven seconds, the latest counting most.
func (f *flow) recent(now int64) float64 {
	return math.Float64frombits(f.sum.Load()) * decay(now-f.at.Load(), flowTau)
}

// perSecond is the rate now.
func (f *flow) perSecond(now int64) float64 { return f.recent(now) / (float64(flowTau) / 1e9) }

// pace measures how often something happens, as flow does bytes. To be guarded
// by its owner.
type pace struct {
	sum float64
	at  int64
}

func (p *pace) add(now int64) {
	p.sum = p.sum*decay(now-p.at, flowTau) + 1
	p.at = max(now, p.at)
}

func (p *pace) perSecond(now int64) float64 {
	return p.sum * decay(now-p.at, flowTau) / (float64(flowTau) / 1e9)
}
