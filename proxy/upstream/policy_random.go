package upstream

import "math/bits"

// random draws by weight.
type random struct{}

func (random) Select(c []*Upstream, usable uint64, w Want, r uint64) *Upstream {
	var total int64
	for m := usable; m != 0; m &= m - 1 {
		total += c[bits.TrailingZeros64(m)].share(w.Now)
	}
	x := int64(scale(r, uint64(total)))
	for m := usable; ; m &= m - 1 {
		u := c[bits.TrailingZeros64(m)]
		x -= u.share(w.Now)
		// The last one is right even if shares shrank meanwhile.
		if x < 0 || m&(m-1) == 0 {
			return u
		}
	}
}
