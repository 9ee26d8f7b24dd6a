package watch

import (
	"fmt"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// publish puts what is known where sessions see it and notes what changed;
// w.mu is held.
func (w *Watcher) publish() {
	primary, readers := int32(nobody), uint64(0)
	if p := w.roles.primary; p != nobody && w.nodes[p].accused == 0 {
		primary = int32(p)
	}
	for _, n := range w.nodes {
		why := w.unreadable(n)
		if why == "" {
			readers |= 1 << n.number
		}
		w.show(n, why)
	}
	w.readers.Store(readers)
	if w.primary.Swap(primary) != primary {
		close(w.elected)
		w.elected = make(chan struct{})
		w.move()
	}
}

// unreadable says why a server is not read as a replica now, "" when it is.
func (w *Watcher) unreadable(n *node) string {
	place := w.verdict.places[n.number]
	switch {
	case !n.health.heard:
		return "it was not heard of yet"
	case n.accused != 0:
		return "a connection to it broke or was refused"
	case n.err != nil && n.health.fails > 0:
		return lacking(n.err)
	case n.late:
		return "its probe is late"
	case !n.health.up:
		return fmt.Sprintf("it has answered %d of %d probes since it was down", n.health.passes, w.o.Rise)
	case place == Replica:
		return w.tooFar(n)
	case w.verdict.why[n.number] != "":
		return w.verdict.why[n.number]
	}
	return "it is " + place.String()
}

func (w *Watcher) tooFar(n *node) string {
	bytes, known := w.o.Clock.Behind(n.number)
	if w.o.MaxLag == 0 || !known || bytes <= w.o.MaxLag {
		return ""
	}
	return fmt.Sprintf("it is %d bytes behind, more than max_lag", bytes)
}

// show notes the changes of one server since the last look.
func (w *Watcher) show(n *node, why string) {
	place, reading := w.verdict.places[n.number], why == ""
	change := Change{Node: n.number, Old: nobody, Timeline: n.report.Timeline, Why: why}
	if reading != n.reading {
		change.Kind = ReplicaDown
		if reading {
			change.Kind = ReplicaUp
		}
		w.note(change)
	}
	if place != n.place || reading != n.reading {
		n.since = freshness.Now()
	}
	n.place, n.reading = place, reading
	change.Why = w.verdict.why[n.number]
	w.shout(n, change)
}

// shout notes once what somebody has to look at.
func (w *Watcher) shout(n *node, c Change) {
	switch {
	case n.place == Fenced && n.fenced != n.report.Timeline:
		n.fenced, c.Kind = n.report.Timeline, NodeFenced
	case n.place == Foreign && n.foreign != n.report.System:
		n.foreign, c.Kind = n.report.System, NodeForeign
	case n.report.Asked != 0 && n.report.System == "" && !n.hidden:
		n.hidden, c.Kind = true, NodeUntrusted
		c.Why = "its user may not call pg_control_system(): wye cannot tell whether it belongs to the cluster"
	default:
		if n.place == Primary || n.place == Replica {
			n.fenced, n.foreign = 0, ""
		}
		return
	}
	w.note(c)
}
