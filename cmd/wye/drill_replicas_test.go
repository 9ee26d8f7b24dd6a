package main

import (
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/drill"
)

// TestDrillFreshness reads with replicas up to two seconds late.
// WYE_DRILL_READS=1000000 is the full run.
func TestDrillFreshness(t *testing.T) {
	t.Parallel()
	const sessions = 16
	rig, ctx := startDrill(t, 2, ""), drillTime(t)
	if err := drill.PrepareFreshness(ctx, rig.Primary, sessions); err != nil {
		t.Fatal(err)
	}
	for _, r := range rig.Replicas {
		if err := r.WaitCaughtUp(ctx, rig.Primary); err != nil {
			t.Fatal(err)
		}
	}
	waitForReaders(t, rig, "select * from "+drill.FreshTable)
	lag, err := drill.StartLag(ctx, rig.Replicas, 2*time.Second, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := drill.Freshness{URL: rig.url, Sessions: sessions, Reads: envInt("WYE_DRILL_READS", 20_000), Seed: 1}.Run(ctx)
	halts, lagErr := lag.Stop()
	if err != nil || lagErr != nil {
		t.Fatal(err, lagErr)
	}
	if r.OnReplicas, err = drill.ReadsOn(ctx, drill.FreshTable, rig.Replicas); err != nil {
		t.Fatal(err)
	}
	t.Logf("%v; replicas were halted %d times", r, halts)
	if r.Violations() > 0 {
		t.Errorf("%q", r.Examples)
	}
	if r.OnReplicas < r.Reads/20 {
		t.Error("hardly a read was on a replica, so this proves little")
	}
}

// TestDrillReplicaKilled: no read fails because a replica dies.
// WYE_DRILL_REPLICA_KILLS sets the number.
func TestDrillReplicaKilled(t *testing.T) {
	t.Parallel()
	rig := startDrill(t, 2, "")
	r, err := drill.Outages{
		URL: rig.url, Primary: rig.Primary, Servers: rig.Replicas, Runs: envInt("WYE_DRILL_REPLICA_KILLS", 2),
		Away: 500 * time.Millisecond,
	}.Run(drillTime(t))
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	judgeReads(t, r)
}

// TestDrillReplicaFrozen: a replica that says nothing for five seconds holds
// nobody up for longer than 1.5 s. WYE_DRILL_FREEZES sets the number.
func TestDrillReplicaFrozen(t *testing.T) {
	t.Parallel()
	rig := startDrill(t, 2, "")
	r, err := drill.Outages{
		URL: rig.url, Primary: rig.Primary, Servers: rig.Replicas, Runs: envInt("WYE_DRILL_FREEZES", 1),
		Freeze: true, Away: 5 * time.Second,
	}.Run(drillTime(t))
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	judgeReads(t, r)
	bound := 4 * time.Second // on a loaded machine: that somebody rerouted at all
	if figures("WYE_DRILL_FREEZES") {
		bound = 1500 * time.Millisecond
	}
	if r.Stalls.At(1) > bound {
		t.Errorf("a reader waited for %v, want at most %v", r.Stalls.At(1), bound)
	}
}

func judgeReads(t *testing.T, r *drill.OutageReport) {
	t.Helper()
	if r.Reads.Failed.Total()+r.Reads.Wrong+r.Reads.Broken > 0 {
		t.Errorf("%v; %q", &r.Reads, r.Reads.Examples)
	}
	if r.Idle > 0 {
		t.Errorf("%d times the server had no readers", r.Idle)
	}
}
