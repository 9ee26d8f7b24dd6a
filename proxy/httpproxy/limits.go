package httpproxy

import (
	"strconv"
	"time"
)

// processBegan is what the limiters' times count from.
var processBegan = time.Now()

// overRate refuses what comes faster than the route allows.
func (v *visit) overRate() bool {
	l := v.route.limiter
	if l == nil {
		return false
	}
	wait := l.take(v.keyText(v.route.Rate.By), int64(v.began.Sub(processBegan)))
	if wait == 0 {
		return false
	}
	v.refuse(v.in, refusal{429, "too many requests"}, "Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
	return true
}
