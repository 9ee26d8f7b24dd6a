package upstream

// unit is one of weight in fixed point: fine enough for slow start's tenth and
// the steps after it, and exact for whole weights, so that turns add up.
const unit = 1000

// rampFloor is the least part of its weight a server has in slow start, one in
// so many (Envoy's min_weight_percent, 10 %).
const rampFloor = 10

// share is its weight at that time, in units: all of it, or in slow start a
// part that grows from a tenth with time (Envoy's formula with aggression 1).
func (u *Upstream) share(now int64) int64 {
	if u.window == 0 {
		return u.full
	}
	return ramp(u.full, u.rampFrom.Load(), now, u.window)
}

// ramp is slow start: full * max(1/10, t/window) for the t since from.
func ramp(full, from, now, window int64) int64 {
	t := now - from
	if from == 0 || t >= window {
		return full
	}
	part := float64(full) * float64(max(t, 0)) / float64(window)
	return max(int64(part), full/rampFloor)
}
