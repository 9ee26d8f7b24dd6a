package httpproxy

// share is a Share made ready.
type share struct {
	Share
}

// draw chooses among shares by weight; r is uniform in 64 bits.
func (ro *route) draw(r uint64) *share {
	if len(ro.shares) == 1 {
		return ro.shares[0]
	}
	n := int(r % uint64(ro.weight))
	for _, sh := range ro.shares {
		if n < sh.Weight {
			return sh
		}
		n -= sh.Weight
	}
	return ro.shares[0] // not reached: weights add up
}
