package commit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// TestDecideIsGuarded: what a user may do with the schema wye is to decide,
// in time and on the right shard, what it has the secret of.
func TestDecideIsGuarded(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	ctx := ctxOf(t)
	w := r.appConn(0)
	escaped, _ := escapeCluster(rigCluster)
	decide := func(n name, secret string) string {
		_, err := w.Exec(ctx, "SELECT wye.decide('"+n.String()+"', '"+secret+"')")
		if e, ok := err.(*pgerror.Error); ok {
			return e.Code
		}
		must(t, err)
		return ""
	}
	now := time.Now()
	n, secret := newName(escaped, 0, now, random)
	_, wrong := newName(escaped, 0, now, random)
	if got := decide(n, wrong); got != "42501" {
		t.Errorf("wrong secret: %q", got)
	}
	if got := decide(n, n.hash); got != "42501" {
		t.Errorf("its hash as secret: %q", got)
	}
	if got := decide(n, secret); got != "" {
		t.Errorf("the secret: %q", got)
	}
	if got := decide(n, secret); got != "23505" {
		t.Errorf("twice: %q", got)
	}
	for _, late := range []time.Duration{-11 * time.Minute, 11 * time.Minute} {
		n, secret := newName(escaped, 0, now.Add(late), random)
		if got := decide(n, secret); got != "55000" {
			t.Errorf("%v off: %q", late, got)
		}
	}
	n, secret = newName(escaped, 1, now, random)
	if got := decide(n, secret); got != "55000" {
		t.Errorf("for another shard: %q", got)
	}
	n, secret = newName("other", 0, now, random)
	if got := decide(n, secret); got != "55000" {
		t.Errorf("for another cluster: %q", got)
	}
	if got := decide(name{cluster: "a b"}, ""); got != "22023" {
		t.Errorf("no name: %q", got)
	}
	for _, sql := range []string{"SELECT * FROM wye.dtx", "INSERT INTO wye.dtx VALUES ('x', 'c')", "DELETE FROM wye.dtx", "UPDATE wye.dtx SET state = 'a'",
		"SELECT * FROM wye.shard", "UPDATE wye.shard SET number = 1", "CREATE TABLE wye.x ()", "DROP TABLE wye.dtx"} {
		if _, err := w.Exec(ctx, sql); !saidCode(err, "42501") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := r.value(0, "SELECT count(*) FROM wye.dtx"); got != "1" {
		t.Errorf("%s decisions", got)
	}
}

// TestDecisionIsFlushed: a client that does not wait for the disk loses its
// own commits in a crash, but not half of them.
func TestDecisionIsFlushed(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, map[string]string{"wal_writer_delay": "10s"})
	list := r.open(0, 1)
	for i := range list {
		// SET for the session, so that it is there in the transaction.
		r.run(list[i], "ROLLBACK; SET synchronous_commit = off; BEGIN; UPDATE account SET balance = 7 WHERE id = 1")
		list[i].Wrote = true
	}
	c := r.decidedBy(0, func(o *Options) {
		o.Step = func(s Step) {
			if s == (Step{Arrow: ArrowCommit, Shard: 0, Done: true}) {
				r.shards[0].Primary.Kill()
			}
		}
	})
	sameOutcome(t, c.Commit(ctxOf(t), list), Committed, "")
	r.restart(0)
	if got := r.balances(1); got != "7 7" {
		t.Error(got)
	}
}

// TestLateCoordinator: recovery was quicker than a coordinator that was held
// up.
func TestLateCoordinator(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	rec := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Age: time.Nanosecond})
	defer rec.close()
	prepared := make(chan struct{})
	c := r.decidedBy(0, func(o *Options) {
		o.Step = func(s Step) {
			switch s {
			case Step{Arrow: ArrowPrepare, Shard: 1, Done: true}:
				close(prepared)
			case Step{Arrow: ArrowDecide, Shard: 0}:
				<-prepared
				if n := rec.Round(ctxOf(t)); n != 1 {
					t.Errorf("%d recovered", n)
				}
			}
		}
	})
	out := c.Commit(ctxOf(t), r.begin(1, 0, 1))
	sameOutcome(t, out, RolledBack, "40001")
	if got := r.balances(1); got != "100 100" || out.Left != 0 {
		t.Errorf("%s, %d left", got, out.Left)
	}
}

// TestRecoveryWaitsForALiveCoordinator: as long as a decision row is being
// written, nothing is recovered, by its own proxy or another.
func TestRecoveryWaitsForALiveCoordinator(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	other := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Age: time.Nanosecond})
	patient := NewRecovery(other.c, RecoveryOptions{Shards: 2})
	defer other.close()
	defer patient.close()
	var own *Recovery
	c := r.decidedBy(0, func(o *Options) {
		o.Step = func(s Step) {
			if s != (Step{Arrow: ArrowCommit, Shard: 0}) {
				return
			}
			for rec, want := range map[*Recovery]DoubtState{other: DoubtUndecided, patient: DoubtYoung, own: DoubtLive} {
				n := rec.Round(ctxOf(t))
				if list := rec.InDoubt(); n != 0 || len(list) != 1 || list[0].State != want {
					t.Errorf("%d recovered, in doubt %+v, want %s", n, list, want)
				}
			}
		}
	})
	own = NewRecovery(c, RecoveryOptions{Shards: 2, Age: time.Nanosecond})
	defer own.close()
	sameOutcome(t, c.Commit(ctxOf(t), r.begin(1, 0, 1)), Committed, "")
	if got := r.balances(1); got != "99 99" {
		t.Error(got)
	}
}

// TestHungCoordinator: one that stops for good between its decision row and
// its COMMIT holds nothing up for ever, and finds out when it goes on.
func TestHungCoordinator(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	rec := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Age: time.Nanosecond})
	defer rec.close()
	c := r.decidedBy(0, func(o *Options) {
		o.Step = func(s Step) {
			if s != (Step{Arrow: ArrowCommit, Shard: 0}) {
				return
			}
			if n := rec.Round(ctxOf(t)); n != 0 { // it is not known to be hung yet
				t.Errorf("%d recovered", n)
			}
			rec.hung = 50 * time.Millisecond
			time.Sleep(100 * time.Millisecond)
			for begun := time.Now(); rec.Round(ctxOf(t)) == 0; {
				if time.Since(begun) > patience {
					t.Error("it is never recovered")
					return
				}
			}
		}
	})
	sameOutcome(t, c.Commit(ctxOf(t), r.begin(1, 0, 1)), RolledBack, "40001")
	if got := r.balances(1); got != "100 100" {
		t.Error(got)
	}
}

// TestSetup: any number at once, again and again, and never as another shard.
func TestSetup(t *testing.T) {
	pg := testpg.Start(t, testpg.Options{})
	ctx := ctxOf(t)
	dial := func(user string) AdminConn {
		url := pg.Primary.SuperuserURL("app")
		if user != "" {
			url = pg.Primary.URL(user, "app")
		}
		w, err := dialWire(ctx, url)
		must(t, err)
		t.Cleanup(w.Close)
		return w
	}
	join(make([]struct{}, 8), func(struct{}) {
		w := dial("")
		for range 3 {
			if err := Setup(ctx, w, "c", 5); err != nil {
				t.Error(err)
			}
		}
	})
	w := dial("")
	err := Setup(ctx, w, "c", 4)
	if e, ok := err.(*pgerror.Error); !ok || !strings.Contains(e.Error(), "is shard 5 of cluster c, and cannot be shard 4") || !strings.Contains(e.Hint, "order") {
		t.Errorf("as another shard: %v", err)
	}
	must(t, Setup(ctx, w, "d", 4)) // a cluster of its own
	must(t, Setup(ctx, w, "c", 5))
	for _, shard := range []int{-1, 64} {
		if Setup(ctx, w, "e", shard) == nil {
			t.Errorf("shard %d was taken", shard)
		}
	}
	must(t, pg.Primary.Exec(ctx, "DROP SCHEMA wye CASCADE; CREATE SCHEMA wye AUTHORIZATION app"))
	if err := Setup(ctx, w, "c", 5); !saidCode(err, "42501") {
		t.Errorf("in somebody's schema: %v", err)
	}
	if got, err := pg.Primary.Value(ctx, "SELECT count(*) FROM pg_class WHERE relnamespace = 'wye'::regnamespace"); err != nil || got != "0" {
		t.Errorf("%s relations were made there, %v", got, err)
	}
	must(t, pg.Primary.Exec(ctx, "DROP SCHEMA wye")) // the owner of the database may do without a superuser
	must(t, Setup(ctx, dial("app"), "c", 5))
}

// TestDialRefuses a replica and a shard that is another one.
func TestDialRefuses(t *testing.T) {
	pg := testpg.Start(t, testpg.Options{Replicas: 1})
	ctx := ctxOf(t)
	w, err := dialWire(ctx, pg.Primary.SuperuserURL("app"))
	must(t, err)
	defer w.Close()
	must(t, Setup(ctx, w, "c", 0))
	must(t, pg.Replicas[0].WaitCaughtUp(ctx, pg.Primary))
	r := &rig{t: t, admin: []string{pg.Primary.SuperuserURL("app"), pg.Primary.SuperuserURL("app")}}
	c, err := New(Options{Cluster: "c", Dial: r.Dial, Now: time.Now, Random: random})
	must(t, err)
	if _, err := c.dial(ctx, 1); !saidCode(err, "55000") {
		t.Errorf("another shard: %v", err)
	}
	r.admin[0] = pg.Replicas[0].SuperuserURL("app")
	if _, err := c.dial(ctx, 0); !saidCode(err, "25006") {
		t.Errorf("a replica: %v", err)
	}
	rec := NewRecovery(c, RecoveryOptions{Shards: 2})
	rec.Round(ctx)
	if got := fmt.Sprint(len(rec.Unseen())); got != "2" {
		t.Errorf("%s shards are unseen", got)
	}
}
