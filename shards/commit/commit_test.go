package commit

import (
	"context"
	"strings"
	"testing"
)

// TestOutcomes goes through all that can come of a commit while everybody
// lives.
func TestOutcomes(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	c := r.coordinator(nil)
	var account counter
	ctx := ctxOf(t)
	t.Run("readers only", func(t *testing.T) {
		list := r.open(0, 1)
		list[1].Late = true
		sameOutcome(t, c.Commit(ctx, list), Committed, "")
	})
	t.Run("one writer", func(t *testing.T) {
		a := account.next()
		sameOutcome(t, c.Commit(ctx, append(r.begin(a, 1), r.open(0, 2)...)), Committed, "")
		if got := r.balances(a); got != "100 99 100" {
			t.Error(got)
		}
	})
	t.Run("several", func(t *testing.T) {
		a := account.next()
		list := append(r.begin(a, 0, 2), r.open(1)...)
		list[2].Late = true
		out := c.Commit(ctx, list)
		sameOutcome(t, out, Committed, "")
		if got := r.balances(a); got != "99 100 99" || out.Left != 0 || out.Broken != nil || !strings.HasPrefix(out.Name, "wye:bank%201:") {
			t.Errorf("%s, %+v", got, out)
		}
		r.usable(t, list)
	})
	t.Run("canceled", func(t *testing.T) {
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		a := account.next()
		list := r.begin(a, 0, 1, 2)
		sameOutcome(t, c.Commit(canceled, list), RolledBack, "57014")
		sameOutcome(t, c.Commit(canceled, r.begin(a, 0)), RolledBack, "57014")
		if got := r.balances(a); got != "100 100 100" {
			t.Error(got)
		}
		r.usable(t, list)
	})
	if n := r.prepared(); n != 0 {
		t.Errorf("%d transactions are prepared", n)
	}
}

// usable: no transaction is open on any of the connections.
func (r *rig) usable(t testing.TB, list []Participant) {
	t.Helper()
	for _, p := range list {
		if w := p.Conn.(*pgWire); w.c.IsClosed() || w.c.TxStatus() != 'I' {
			t.Errorf("on shard %d: closed %v, status %c", p.Shard, w.c.IsClosed(), w.c.TxStatus())
		}
	}
}
