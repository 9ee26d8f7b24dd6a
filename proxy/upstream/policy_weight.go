package upstream

import "math"

// unit is one of weight in fixed point: fine enough for slow start's tenth and
// the steps after it, and exact for whole weights, so that turns add up.
const unit = 1000

// rampFloor is the least part of its weight a server has in slow start, one in
// so many (Envoy's min_weight_percent, 10 %).
const rampFloor = 10

// share is its weight at that time, in units: all of it, or in slow start a
// part that grows from a tenth with time.
func (u *Upstream) share(now int64) int64 {
	if u.window == 0 {
		return u.full
	}
	return u.ramp(u.full, now)
}

// ramp is slow start (Envoy's formula): full * max(1/10, (t/window)^(1/aggression))
// for the t since it began.
func (u *Upstream) ramp(full, now int64) int64 {
	from := u.rampFrom.Load()
	t := now - from
	if from == 0 || t >= u.window {
		return full
	}
	part := float64(max(t, 0)) / float64(u.window)
	if u.bend != 1 {
		part = math.Pow(part, u.bend)
	}
	return max(int64(float64(full)*part), full/rampFloor)
}
