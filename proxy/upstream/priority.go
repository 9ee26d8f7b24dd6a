package upstream

import (
	"cmp"
	"slices"
)

// overprovision is by how much the servers of a priority can do more than what
// they are there for, in percent: the next priority takes over what they
// cannot (Envoy's overprovisioning factor).
const overprovision = 140

// rotation is who serves: immutable, worked out anew after each change to a
// host.
type rotation struct {
	all    members // of all levels
	levels []level // ascending by priority; those in which somebody serves
}

// level is the servers of one priority.
type level struct {
	priority int
	serve    members
	upTo     int // percent: requests drawn below this, and not below the level before, are this one's

	known, healthy int // servers that may serve some time, and those in rotation
	spare          members
}

// newRotation says who serves. Hosts' states are guarded by Pool.mu.
func newRotation(s *set) *rotation {
	levels := levelsOf(s)
	whole := 0 // what all together can do, in percent
	for i := range levels {
		whole += levels[i].health()
	}
	panicked := false
	for i := range levels {
		l := &levels[i]
		// While all is well as a whole, nobody panics.
		if whole < 100 && l.healthy*100 < s.Panic*l.known {
			l.serve, panicked = l.spare, true
		}
	}
	share(levels, whole, panicked)
	r := &rotation{all: newMembers(len(s.ups))}
	for _, l := range levels {
		if l.serve.empty() {
			continue
		}
		r.levels = append(r.levels, l)
		for m := l.serve; !m.empty(); m = m.next() {
			r.all = r.all.with(m.first())
		}
	}
	if r.all.empty() {
		r.last(s)
	}
	return r
}

// last has the ejected serve when servers went down beside them and nobody else
// is left: failing some requests is better than failing all.
func (r *rotation) last(s *set) {
	for i, u := range s.ups {
		if u.health == up && !u.draining {
			r.all = r.all.with(i)
		}
	}
	r.levels = []level{{serve: r.all, upTo: 100}}
}

// levelsOf sorts the servers by priority. Who drains, or has never passed a
// check, counts for nothing.
func levelsOf(s *set) []level {
	var ls []level
	for i, u := range s.ups {
		if u.draining || u.health == unknown {
			continue
		}
		at, there := slices.BinarySearchFunc(ls, u.Priority, func(l level, p int) int { return cmp.Compare(l.priority, p) })
		if !there {
			ls = slices.Insert(ls, at, level{priority: u.Priority, serve: newMembers(len(s.ups)), spare: newMembers(len(s.ups))})
		}
		l := &ls[at]
		l.known++
		l.spare = l.spare.with(i)
		if u.inRotation() {
			l.healthy++
			l.serve = l.serve.with(i)
		}
	}
	return ls
}

// health is what part of all requests the level can take, in percent.
func (l *level) health() int { return min(100, overprovision*l.healthy/l.known) }

// share divides the requests: to each level what it can take, and to the next
// what is left. Where all together cannot take everything, they share it as they
// can; in panic, where nobody is healthy, by their number.
func share(ls []level, whole int, panicked bool) {
	took, total := 0, 0
	if whole == 0 && panicked {
		for i := range ls {
			total += ls[i].known
		}
	}
	for i := range ls {
		part := 0
		switch {
		case total > 0:
			part = 100 * ls[i].known / total
		case whole > 0:
			part = ls[i].health() * 100 / min(whole, 100)
		}
		took = min(100, took+part)
		ls[i].upTo = took
	}
	// What rounding left is the first's who takes anything.
	for i := range ls {
		if ls[i].upTo > 0 {
			for j := i; j < len(ls); j++ {
				ls[j].upTo += 100 - took
			}
			return
		}
	}
}

// level leaves of m the level that the draw, from 0 to 99, falls to, or the first
// that is left.
func (r *rotation) level(m members, draw int) members {
	for i := range r.levels {
		if l := &r.levels[i]; draw < l.upTo && m.meets(l.serve) {
			return m.within(l.serve)
		}
	}
	for i := range r.levels {
		if l := &r.levels[i]; m.meets(l.serve) {
			return m.within(l.serve)
		}
	}
	return m
}

// draw is a number from 0 to 99, by chance or by the key where keys are to stay.
func (s *set) draw(w *Want, r uint64) int {
	if s.keyed {
		r = w.Key ^ 0x5bd1e995 // not what the policy draws by
	}
	return int(scale(mix(r), 100))
}
