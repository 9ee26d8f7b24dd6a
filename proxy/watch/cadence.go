package watch

import (
	"math/rand/v2"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// How soon a server is asked again.
const (
	fastest    = 20 * time.Millisecond // no quiet cadence is below it
	afterWrite = 20 * time.Millisecond // a primary, after an acknowledged write
	inDoubt    = 25 * time.Millisecond // who failed once, or answers again
	catchingUp = 5 * time.Millisecond  // a replica that has not replayed a sample yet
)

// cadence is the pause before n's next probe; w.mu is held. A state that
// lasts is looked at less and less often, down to the quiet cadence.
func (w *Watcher) cadence(n *node, now freshness.Instant) time.Duration {
	quiet := w.quiet()
	switch {
	case n.accused != 0 && n.health.fails == 0:
		return 0 // the probe that ended was sent before the suspicion
	case n.health.up != (n.health.fails == 0):
		return inDoubt
	case w.roles.primary == nobody:
		return between(inDoubt, w.lostAt.Age(now)/40, quiet)
	case n.health.fails > 0 || n.place == Behind:
		return between(inDoubt, n.since.Age(now)/8, quiet)
	case n.place == Primary && w.demand > w.sampled:
		return 0
	case n.place == Primary && w.wrote.Load():
		return afterWrite
	case n.place == Replica:
		return w.replicaPause(n, now, quiet)
	}
	return quiet
}

// replicaPause is short while writes wait to be seen on a replica, in
// proportion to how long it has lacked them.
func (w *Watcher) replicaPause(n *node, now freshness.Instant, quiet time.Duration) time.Duration {
	if w.o.Clock.FreshAsOf(n.number) >= w.target {
		return quiet
	}
	return between(catchingUp, n.lacks.Age(now)/8, quiet)
}

// hurryReplicas asks those that may be read what they have replayed of a
// sample just taken. One that is far behind is not asked more often for it,
// except for SampleNow.
func (w *Watcher) hurryReplicas(demanded bool) {
	now := freshness.Now()
	for _, n := range w.nodes {
		if n.place != Replica || n.health.fails > 0 || w.o.Clock.FreshAsOf(n.number) >= w.target {
			continue
		}
		pause := between(0, n.lacks.Age(now)/8, w.o.Interval)
		if demanded {
			pause = 0
		}
		w.hurry(n, pause)
	}
}

// hurry asks n after pause at the latest; w.mu is held.
func (w *Watcher) hurry(n *node, pause time.Duration) {
	if at := freshness.Now().Add(pause); at < n.due {
		n.due = at
		poke(n.wake)
	}
}

// quiet is the pause of a quiet server. It is a little less than asked for,
// by chance, so that many proxies do not ask at the same moment.
func (w *Watcher) quiet() time.Duration {
	return w.o.Interval - time.Duration(rand.Int64N(int64(w.o.Interval/5)+1))
}

func between(least, d, most time.Duration) time.Duration { return min(max(least, d), most) }
