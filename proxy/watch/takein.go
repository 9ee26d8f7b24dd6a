package watch

import (
	"github.com/wyeproxy/wye/proxy/freshness"
)

// takeIn notes what came of a probe, decides the roles anew, tells the clock
// and says when to ask again.
func (w *Watcher) takeIn(n *node, a answer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n.asked, n.late, n.err = a.asked, false, a.err
	proven := a.err == nil && a.asked >= n.accused
	switch {
	case proven:
		n.accused = 0
		n.health.pass(w.o.Rise)
		n.report = a.report
	case a.err == nil: // sent before the suspicion: it proves nothing
	case faultOf(a.err) == full && n.health.up:
		n.accused = 0 // it lives
	default:
		n.health.fail(faultOf(a.err) == gone, w.o.Fall)
		w.o.Clock.Forget(n.number)
	}
	w.decide()
	if proven {
		w.feed(n, a)
	} else if a.writes {
		w.wrote.Store(true) // those writes were not sampled
	}
	w.publish()
	now := freshness.Now()
	n.due = now.Add(w.cadence(n, now))
	w.move()
}

// setLate notes that the probe under way takes long.
func (w *Watcher) setLate(n *node) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n.late = true
	w.publish()
	w.move()
}

// decide finds the roles. A new primary means a new clock before anybody is
// told of it, and a look at everybody.
func (w *Watcher) decide() {
	before := w.roles.primary
	nodes := make([]standing, len(w.nodes))
	for i, n := range w.nodes {
		nodes[i] = standing{
			heard: n.health.heard, answers: n.health.heard && n.health.fails == 0 && n.accused == 0,
			lost: n.health.heard && !n.health.up, report: n.report,
		}
	}
	w.verdict = w.roles.decide(nodes, w.hint)
	if w.verdict.vetoed {
		poke(w.unsure)
	}
	p := w.roles.primary
	if p == before {
		return
	}
	if p == nobody {
		w.lostAt = freshness.Now()
		w.note(Change{Kind: PrimaryLost, Node: before, Old: before, Timeline: w.roles.held, Why: w.whyLost(before)})
	} else {
		w.o.Clock.Reset(w.roles.held)
		w.sampled, w.target = 0, 0
		w.note(Change{Kind: PrimaryFound, Node: p, Old: w.former, Timeline: w.roles.held})
		w.former = p
	}
	for _, n := range w.nodes {
		w.hurry(n, 0)
	}
}

func (w *Watcher) whyLost(node int) string {
	n := w.nodes[node]
	switch {
	case n.err != nil:
		return lacking(n.err)
	case n.report.InRecovery:
		return "it is a standby now"
	}
	return w.verdict.why[node]
}

// feed tells the clock. The replicas that may be read are asked as soon as
// the primary's sample is there, so that they have had time to replay it.
func (w *Watcher) feed(n *node, a answer) {
	r := a.report
	switch w.verdict.places[n.number] {
	case Primary:
		w.sample(r, a.writes)
	case Replica:
		w.o.Clock.Replayed(n.number, r.Timeline, r.Position)
	default:
		w.o.Clock.Forget(n.number)
	}
}

// sample takes in a primary's position. Whoever had replayed the sample
// before lacks something from this one on, until it is heard of again.
func (w *Watcher) sample(r Report, awaited bool) {
	for _, n := range w.nodes {
		if w.o.Clock.FreshAsOf(n.number) >= w.sampled {
			n.lacks = r.Asked
		}
	}
	w.o.Clock.Sampled(r.Asked, r.Timeline, r.Position)
	demanded := w.demand > w.sampled
	w.sampled = r.Asked
	if awaited {
		w.target = r.Asked
		w.hurryReplicas(demanded)
	}
}
