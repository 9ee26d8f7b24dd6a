package freshness

import "sort"

// maxSamples bounds the memory of one clock. With the rule of thin, 256
// samples reach from 20 ms to hours at a resolution of a few per cent.
const maxSamples = 256

// sample says that whatever was acknowledged before at lies before lsn.
type sample struct {
	at  Instant
	lsn LSN
}

// ring holds samples in ascending order of both at and lsn.
type ring struct{ samples []sample }

// add takes in a sample that is younger than all others; an older one is
// refused. Those it makes useless go: a replica at or past this lsn is fresh
// as of the younger instant. That is how an idle primary costs no memory, and
// how a primary that crashed and came back with a shorter log is understood.
func (r *ring) add(s sample) bool {
	n := len(r.samples)
	if n > 0 && s.at <= r.samples[n-1].at {
		return false
	}
	for n > 0 && r.samples[n-1].lsn >= s.lsn {
		n--
	}
	r.samples = append(r.samples[:n], s)
	if len(r.samples) > maxSamples {
		r.thin()
	}
	return true
}

// thin removes the sample whose absence is felt least: the one whose
// neighbours are closest together, measured against how old it is. What
// remains is dense for recent times and sparse for old ones.
func (r *ring) thin() {
	newest := r.samples[len(r.samples)-1].at
	victim, least := 1, 0.0
	for i := 1; i < len(r.samples)-1; i++ {
		gap := float64(r.samples[i+1].at - r.samples[i-1].at)
		felt := gap / float64(newest-r.samples[i].at)
		if i == 1 || felt < least {
			victim, least = i, felt
		}
	}
	r.samples = append(r.samples[:victim], r.samples[victim+1:]...)
}

// covered is the youngest instant whose writes all lie before replay; 0 when
// no sample does.
func (r *ring) covered(replay LSN) Instant {
	i := sort.Search(len(r.samples), func(i int) bool { return r.samples[i].lsn > replay })
	if i == 0 {
		return 0
	}
	return r.samples[i-1].at
}

// past is the oldest sample at or past lsn.
func (r *ring) past(lsn LSN) (sample, bool) {
	return r.first(func(s sample) bool { return s.lsn >= lsn })
}

// since is the oldest sample taken at or after at.
func (r *ring) since(at Instant) (sample, bool) {
	return r.first(func(s sample) bool { return s.at >= at })
}

func (r *ring) first(holds func(sample) bool) (sample, bool) {
	i := sort.Search(len(r.samples), func(i int) bool { return holds(r.samples[i]) })
	if i == len(r.samples) {
		return sample{}, false
	}
	return r.samples[i], true
}

func (r *ring) last() (sample, bool) {
	if len(r.samples) == 0 {
		return sample{}, false
	}
	return r.samples[len(r.samples)-1], true
}
