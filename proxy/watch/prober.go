package watch

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// probeForever asks one server whenever it is due.
func (w *Watcher) probeForever(n *node) {
	defer w.running.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for w.ctx.Err() == nil {
		if wait := w.untilDue(n); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-n.wake:
			case <-w.ctx.Done():
			}
			continue
		}
		w.probe(n)
	}
}

func (w *Watcher) untilDue(n *node) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Duration(n.due - freshness.Now())
}

// probe asks once and takes in the answer. While the answer is late by half
// the timeout, a replica is not read: a server that hangs looks like that.
func (w *Watcher) probe(n *node) {
	q := w.prepare(n)
	if q.redial {
		w.drop(n)
	}
	ctx, cancel := context.WithTimeout(w.ctx, w.o.Timeout)
	defer cancel()
	late := time.AfterFunc(w.o.Timeout/2, func() { w.setLate(n) })
	a := w.ask(ctx, n, q)
	late.Stop()
	if w.ctx.Err() == nil {
		w.takeIn(n, a)
	}
}

// query is what a probe needs to know before it asks.
type query struct {
	redial bool
	light  bool   // what seldom changes need not be asked for
	writes bool   // its answer is awaited: writes were seen since the last
	last   Report // the last good one
}

// answer is what came of a probe.
type answer struct {
	asked  freshness.Instant // the moment the question was sent
	writes bool              // as in query
	report Report
	err    error
}

func (w *Watcher) prepare(n *node) query {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := n.place == Primary || n.place == Replica
	young := n.fullAt != 0 && freshness.Now() < n.fullAt.Add(w.o.Interval)
	q := query{redial: n.accused != 0, last: n.report}
	q.light = n.kept && known && young && !q.redial
	if n.number == w.roles.primary {
		// Before asking: a write seen from here on asks for another sample.
		q.writes = w.wrote.Swap(false) || w.demand > w.sampled
	}
	return q
}

// ask sends the question. A kept connection that turns out to be gone says
// little about the server: it is asked again over a new one.
func (w *Watcher) ask(ctx context.Context, n *node, q query) answer {
	kept := n.kept
	a := w.askOnce(ctx, n, q)
	if a.err != nil && !n.plain && faultOf(a.err) == denied {
		n.plain = true
		a = w.askOnce(ctx, n, q)
	}
	if a.err == nil {
		return a
	}
	gone := faultOf(a.err) == gone
	w.drop(n)
	if kept && gone && ctx.Err() == nil {
		w.o.Clock.Forget(n.number)
		return w.ask(ctx, n, query{last: q.last, writes: q.writes})
	}
	return a
}

func (w *Watcher) askOnce(ctx context.Context, n *node, q query) answer {
	sql := questionFull
	switch {
	case q.light:
		sql = questionLight
	case n.plain:
		sql = questionPlain
	}
	a := answer{asked: freshness.Now(), writes: q.writes}
	rows, err := w.o.Ask.Ask(ctx, n.number, sql)
	if err != nil {
		a.err = err
		return a
	}
	a.report, n.page, a.err = read(rows, q.last, n.page)
	if a.err != nil {
		return a
	}
	n.kept = true
	if !q.light {
		n.fullAt = a.asked
	}
	a.report.Asked, a.report.Took = a.asked, time.Duration(freshness.Now()-a.asked)
	return a
}

// drop closes the kept connection; what the next user may ask is not known.
func (w *Watcher) drop(n *node) {
	w.o.Ask.Drop(n.number)
	n.kept, n.plain = false, false
}
