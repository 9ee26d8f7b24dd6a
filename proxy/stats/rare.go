package stats

import (
	"maps"
	"sync"
)

// Servers choose SQLSTATEs, so the number of classes that are told apart has
// a bound. PostgreSQL's errcodes.txt has 43.
const (
	maxErrorClasses = 64
	maxPinReasons   = 32
	other           = "other"
)

// rare counts what does not happen on every query: errors and pins. Maps
// under one lock.
type rare struct {
	mu     sync.Mutex
	errors map[[2]byte]int64
	others int64
	pins   map[string]PinCount
}

func (r *rare) failed(sqlstate string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	class, ok := errorClass(sqlstate)
	if _, known := r.errors[class]; !ok || !known && len(r.errors) >= maxErrorClasses {
		r.others++
		return
	}
	if r.errors == nil {
		r.errors = make(map[[2]byte]int64)
	}
	r.errors[class]++
}

// errorClass wants the upper case letters and digits of a SQLSTATE: anything
// else would become a metric's label.
func errorClass(sqlstate string) (class [2]byte, ok bool) {
	if len(sqlstate) != 5 {
		return class, false
	}
	for i := range class {
		c := sqlstate[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return class, false
		}
		class[i] = c
	}
	return class, true
}

func (r *rare) pinned(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reason = r.bounded(reason)
	p := r.pins[reason]
	p.Now++
	p.Total++
	if r.pins == nil {
		r.pins = make(map[string]PinCount)
	}
	r.pins[reason] = p
}

func (r *rare) unpinned(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reason = r.bounded(reason)
	if p := r.pins[reason]; p.Now > 0 {
		p.Now--
		r.pins[reason] = p
	}
}

func (r *rare) bounded(reason string) string {
	if _, known := r.pins[reason]; !known && len(r.pins) >= maxPinReasons {
		return other
	}
	return reason
}

func (r *rare) read() (map[string]int64, map[string]PinCount) {
	r.mu.Lock()
	defer r.mu.Unlock()
	errors := make(map[string]int64, len(r.errors)+1)
	for class, n := range r.errors {
		errors[string(class[:])] = n
	}
	if r.others > 0 {
		errors[other] = r.others
	}
	return errors, maps.Clone(r.pins)
}

func sumErrors(a, b map[string]int64) map[string]int64 {
	sum := make(map[string]int64, len(a)+len(b))
	maps.Copy(sum, a)
	for k, n := range b {
		sum[k] += n
	}
	return sum
}

func sumPins(a, b map[string]PinCount) map[string]PinCount {
	sum := make(map[string]PinCount, len(a)+len(b))
	maps.Copy(sum, a)
	for k, n := range b {
		sum[k] = PinCount{Now: sum[k].Now + n.Now, Total: sum[k].Total + n.Total}
	}
	return sum
}
