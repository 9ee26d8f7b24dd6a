package watch

import (
	"fmt"
	"log/slog"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Kind says what changed.
type Kind uint8

// The kinds of change.
const (
	PrimaryLost   Kind = iota // nobody takes writes until another PrimaryFound
	PrimaryFound              // Node takes writes; Old is the one before, -1 at the start
	ReplicaUp                 // Node may be read
	ReplicaDown               // Node may not be read any more
	NodeFenced                // Node takes writes and is not the primary
	NodeForeign               // Node belongs to another cluster
	NodeUntrusted             // Node hides its system identifier: it is taken at its word
)

var kindNames = [...]string{
	"primary lost", "primary found", "replica up", "replica down",
	"server fenced", "server of another cluster", "server hides its system identifier",
}

// String is the change in words, for logs and SHOW EVENTS.
func (k Kind) String() string { return kindNames[k] }

// Change is one thing that happened to a cluster's servers.
type Change struct {
	Kind     Kind
	Node     int
	Old      int // PrimaryFound: the primary before, -1 when there was none
	Timeline uint32
	Why      string
	At       freshness.Instant
}

// level is how loud a change is in the log.
func (c Change) level() slog.Level {
	switch c.Kind {
	case NodeFenced, NodeForeign:
		return slog.LevelError
	case PrimaryLost, ReplicaDown, NodeUntrusted:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// note queues a change; w.mu is held.
func (w *Watcher) note(c Change) {
	c.At = freshness.Now()
	w.changes = append(w.changes, c)
	poke(w.noted)
}

// announce passes changes on in their order until the watcher is closed.
func (w *Watcher) announce() {
	defer w.running.Done()
	for {
		for _, c := range w.takeChanges() {
			w.o.Log.Log(w.ctx, c.level(), c.Kind.String(),
				"server", w.o.Nodes[c.Node], "timeline", c.Timeline, "why", c.Why)
			w.o.OnChange(c)
		}
		select {
		case <-w.noted:
		case <-w.ctx.Done():
			return
		}
	}
}

func (w *Watcher) takeChanges() []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.changes
	w.changes = nil
	return c
}

// poke wakes the one that waits on c, or the next that will.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// lacking describes a failure for people.
func lacking(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("its probe: %v", err)
}
