package watch

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// kill -9 of the primary, promotion, a replica that follows, the old primary
// that comes back as if nothing had happened.
func TestFailover(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t, testpg.Options{Replicas: 2})
	w := watchCluster(t, pg, nil)
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	ctx := deadline(t)

	pg.Primary.Kill()
	w.Suspect(0)
	if _, ok := w.Primary(); ok {
		t.Error("a suspected primary is still handed out")
	}
	w.until("the loss is announced", func() bool { return w.log.count(PrimaryLost, 0) == 1 })
	if !w.Replica(1) || !w.Replica(2) {
		t.Error("replicas are not read while there is no primary")
	}

	began := time.Now()
	if err := pg.Replicas[0].Promote(ctx); err != nil {
		t.Fatal(err)
	}
	promoted := time.Now()
	if p, err := w.AwaitPrimary(ctx); err != nil || p != 1 {
		t.Fatalf("primary is %d, %v, want 1", p, err)
	}
	t.Logf("pg_promote took %v, its acceptance %v more", promoted.Sub(began), time.Since(promoted))
	w.until("who does not follow is behind", w.placed(2, Behind))
	if w.Replica(2) || w.clock.FreshAsOf(2) != 0 {
		t.Error("a replica of the old timeline is read")
	}

	if err := pg.Replicas[1].Follow(ctx, pg.Replicas[0]); err != nil {
		t.Fatal(err)
	}
	w.until("who follows is read", w.readable(2))
	blind := watchAs(t, pg, "app")
	blind.until("the new primary is found by whom knows nothing", blind.primaryIs(1))
	blind.until("a user without rights is told what it lacks", func() bool {
		return strings.Contains(blind.View()[2].Why, "pg_monitor")
	})
	exec(t, pg.Replicas[0], "CHECKPOINT")
	if err := pg.Replicas[1].WaitCaughtUp(ctx, pg.Replicas[0]); err != nil {
		t.Fatal(err)
	}
	exec(t, pg.Replicas[1], "CHECKPOINT")
	blind.until("it is told with the next restartpoint", blind.readable(2))
	wrote := freshness.Now()
	w.WriteSeen()
	if !w.clock.Wait(ctx, wrote, generous, w.Replica) {
		t.Error("the clock of the new timeline does not go")
	}

	if err := pg.Primary.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	w.until("the old primary is fenced", w.placed(0, Fenced))
	w.until("it is shouted", func() bool { return w.log.count(NodeFenced, 0) == 1 })
	exec(t, pg.Primary, "CREATE TABLE astray (n int)")
	before := w.probed(0)
	w.Look()
	w.until("it was asked again", func() bool { return w.probed(0) > before })
	if p, ok := w.Primary(); !ok || p != 1 || w.Replica(0) {
		t.Errorf("primary is %d, %v; the fenced one is read: %v", p, ok, w.Replica(0))
	}
	if n := w.log.count(NodeFenced, 0); n != 1 {
		t.Errorf("shouted %d times, want once", n)
	}
}

func TestPrimaryRestartsInPlace(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t, testpg.Options{Replicas: 1})
	w := watchCluster(t, pg, nil)
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b10 })
	pg.Primary.Kill()
	w.Suspect(0)
	w.until("it is lost", func() bool { return w.log.count(PrimaryLost, 0) == 1 })
	if err := pg.Primary.Restart(deadline(t)); err != nil {
		t.Fatal(err)
	}
	w.until("it is the primary again", w.primaryIs(0))

	pg.Replicas[0].Kill()
	began := time.Now()
	w.Suspect(1)
	if w.Replica(1) {
		t.Error("a suspected replica is still read")
	}
	w.until("its loss is announced", func() bool { return w.log.count(ReplicaDown, 1) == 1 })
	t.Logf("a killed replica was announced after %v", time.Since(began))
	if err := pg.Replicas[0].Restart(deadline(t)); err != nil {
		t.Fatal(err)
	}
	w.until("it is read again", w.readable(1))
}

// Servers that hang: open connections, no answers.
func TestHangingServers(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t, testpg.Options{Replicas: 2})
	w := watchCluster(t, pg, func(o *Options) { o.Timeout = 0 })
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })

	began := time.Now()
	pg.Replicas[0].Stop()
	w.until("the hanging replica is not read", w.unreadable(1))
	t.Logf("a quiet replica that hangs was out after %v", time.Since(began))
	w.until("it does not take the others along", func() bool { return w.primaryIs(0)() && w.Readers() == 0b100 })
	now := freshness.Now()
	ctx, cancel := context.WithTimeout(deadline(t), generous)
	defer cancel()
	if err := w.SampleNow(ctx); err != nil || w.clock.FreshAsOf(2) < now {
		t.Errorf("the others are not sampled: %v, fresh as of %d", err, w.clock.FreshAsOf(2))
	}
	pg.Replicas[0].Cont()
	w.until("it is read again", w.readable(1))

	began = time.Now()
	pg.Primary.Stop()
	w.until("the hanging primary is lost", func() bool { _, ok := w.Primary(); return !ok })
	t.Logf("a quiet primary that hangs was lost after %v", time.Since(began))
	if err := pg.Replicas[0].Promote(deadline(t)); err != nil {
		t.Fatal(err)
	}
	w.until("the promoted one is the primary", w.primaryIs(1))
	pg.Primary.Cont()
	w.until("the thawed one is fenced", w.placed(0, Fenced))
}
