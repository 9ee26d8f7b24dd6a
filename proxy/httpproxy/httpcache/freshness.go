package httpcache

import (
	"net/http"
	"strings"
	"time"
)

// timing is what the age of a stored response is counted from (RFC 9111,
// 4.2.3).
type timing struct {
	answered time.Time     // response_time: its head was there
	initial  time.Duration // corrected_initial_age
	lifetime time.Duration // freshness_lifetime
}

// newTiming reads the clocks of a response: asked and answered are ours, Date
// and Age the senders'.
func newTiming(h http.Header, asked, answered time.Time) timing {
	var apparent, age time.Duration
	if date, ok := oneDate(h["Date"]); ok {
		apparent = max(answered.Sub(date), 0)
	}
	if n := firstAge(h["Age"]); n >= 0 {
		age = n.duration()
	}
	delay := max(answered.Sub(asked), 0)
	return timing{answered: answered, initial: min(max(apparent, age+delay), most.duration())} // more may overflow
}

// age is current_age. A clock that was set back does not make anything younger
// than it was when it came.
func (t timing) age(now time.Time) time.Duration { return t.initial + max(now.Sub(t.answered), 0) }

// firstAge reads Age: the first member counts, and one that is not a number
// does not (RFC 9111, 5.1).
func firstAge(lines []string) seconds {
	if len(lines) == 0 {
		return absent
	}
	first, _, _ := strings.Cut(lines[0], ",")
	return parseSeconds(strings.Trim(first, " \t"))
}

// maxHeuristic bounds what is guessed from Last-Modified: nobody should wait
// for more than a day to see a file that is old and was replaced.
const maxHeuristic = 24 * time.Hour

// lifetime is how long the response is fresh, and whether it says so itself
// (RFC 9111, 4.2.1): for a shared cache s-maxage, then max-age, then Expires.
// Times that contradict each other or cannot be read make it stale. Where the
// response says nothing, the rule does, if it does.
func lifetime(status int, h http.Header, cc *responseControl, r *Rule) (d time.Duration, explicit bool) {
	switch expires := h["Expires"]; {
	case cc.sMaxAge != absent:
		return cc.sMaxAge.duration(), true
	case cc.maxAge != absent:
		return cc.maxAge.duration(), true
	case len(expires) > 0:
		until, ok := oneDate(expires)
		date, dated := oneDate(h["Date"])
		if !ok || !dated {
			return 0, true
		}
		return max(until.Sub(date), 0), true
	}
	if !cc.public && !cacheableByDefault(status) {
		return 0, false
	}
	if r.Heuristic > 0 {
		modified, ok := oneDate(h["Last-Modified"])
		date, dated := oneDate(h["Date"])
		if ok && dated && modified.Before(date) {
			return min(date.Sub(modified)/100*time.Duration(r.Heuristic), maxHeuristic), false
		}
	}
	return r.TTL, false
}

// oneDate reads a field that has one date. More lines count only if they are
// the same.
func oneDate(lines []string) (time.Time, bool) {
	if len(lines) == 0 {
		return time.Time{}, false
	}
	for _, l := range lines[1:] {
		if l != lines[0] {
			return time.Time{}, false
		}
	}
	return parseDate(lines[0])
}

// parseDate reads an HTTP-date in any of its three forms (RFC 9110, 5.6.7).
// Other zones than GMT are refused, as RFC 9111, 4.2 requires: package time
// takes any abbreviation for an offset of zero.
func parseDate(s string) (time.Time, bool) {
	t, err := http.ParseTime(s)
	if err != nil {
		return time.Time{}, false
	}
	if zone, offset := t.Zone(); offset != 0 || zone != "UTC" && zone != "GMT" {
		return time.Time{}, false
	}
	return t, true
}
