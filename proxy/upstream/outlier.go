package upstream

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// rate is what one server made of its requests in the interval that ends.
type rate struct {
	host    *Host
	success float64 // percent
}

// sweeps says whether servers of this set are ever compared.
func (s *set) sweeps() bool {
	e := &s.Ejection
	return (e.Deviations > 0 || e.FailureRate > 0) && len(s.ups) >= e.Hosts
}

// sweep compares what the servers in rotation made of their requests since the
// one before, and puts aside who did far worse than the others, the worst first.
// The caller holds Pool.mu and calls refresh.
func (p *Pool) sweep(s *set, now int64) {
	var rates []rate
	for _, u := range s.ups {
		asked, failed := u.latency.tally()
		if u.inRotation() && asked >= int64(s.Ejection.Volume) {
			rates = append(rates, rate{u.Host, 100 * float64(asked-failed) / float64(asked)})
		}
	}
	if len(rates) < s.Ejection.Hosts {
		return
	}
	slices.SortStableFunc(rates, func(a, b rate) int { return cmp.Compare(a.success, b.success) })
	least, why := threshold(rates, &s.Ejection)
	for _, r := range rates {
		if r.success >= least {
			return
		}
		// What it did wrong it may have done since the interval began.
		p.eject(s, r.host, now, verdict{fmt.Sprintf("%.1f %% of its requests succeed: %s", r.success, why), true, now - int64(s.Ejection.Interval)})
	}
}

// threshold is the success rate, in percent, below which a server is an outlier,
// and its reason: the mean less so many population standard deviations
// (Envoy), or less a gap where that is lower; or what FailureRate says, where
// that is higher.
//
// The gap is not Envoy's. Of n servers one alone that differs is sqrt(n-1)
// deviations away, however little it differs: of five, one failure in a thousand
// would eject.
func threshold(rates []rate, e *Ejection) (least float64, why string) {
	if e.Deviations > 0 {
		sum, sq := 0.0, 0.0
		for _, r := range rates {
			sum += r.success
		}
		mean := sum / float64(len(rates))
		for _, r := range rates {
			sq += (r.success - mean) * (r.success - mean)
		}
		stdev := math.Sqrt(sq / float64(len(rates)))
		least = mean - max(e.Deviations*stdev, float64(e.Gap))
		why = fmt.Sprintf("less than %.1f %%, of a mean of %.1f %%", least, mean)
	}
	// As many failures as FailureRate says are too many.
	if bar := math.Nextafter(100-float64(e.FailureRate), 101); e.FailureRate > 0 && bar > least {
		return bar, fmt.Sprintf("%d %% or more fail", e.FailureRate)
	}
	return least, why
}
