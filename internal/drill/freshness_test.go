package drill

import (
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestFreshness: one server alone violates nothing; a late replica, asked every
// second time, violates each promise.
func TestFreshness(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Replicas: 1})
	ctx := within(t, 10*time.Minute)
	f := Freshness{URL: straight(c.Primary), Reads: count("WYE_DRILL_READS", 10_000), Seed: 1}
	must(t, PrepareFreshness(ctx, c.Primary, 16))
	alone, err := f.Run(ctx)
	must(t, err)
	t.Log(alone)
	if alone.Violations()+alone.Behind != 0 || alone.Reads < f.Reads || alone.Writes == 0 {
		t.Errorf("on one server: %q", alone.Examples)
	}
	must(t, c.Replicas[0].WaitCaughtUp(ctx, c.Primary))
	lag, err := StartLag(ctx, c.Replicas, 2*time.Second, 1)
	must(t, err)
	must(t, PrepareFreshness(ctx, c.Primary, 16))
	f.astray, f.Reads = straight(c.Replicas[0]), 20_000
	must(t, waitFor(ctx, "the new table on the replica", func() bool {
		n, err := c.Replicas[0].Value(ctx, "SELECT count(*) FROM "+FreshTable+" WHERE value = 0")
		return err == nil && n == "24"
	}))
	astray, err := f.Run(ctx)
	must(t, err)
	halts, err := lag.Stop()
	must(t, err)
	if astray.OnReplicas, err = ReadsOn(ctx, FreshTable, c.Replicas); err != nil {
		t.Fatal(err)
	}
	t.Log(astray, "; halts", halts)
	if astray.Stale == 0 || astray.Backwards == 0 || astray.Behind == 0 || halts == 0 {
		t.Error("a replica's lateness was not seen")
	}
	if astray.OnReplicas < astray.Reads/4 || astray.OnReplicas > astray.Reads*3/4 {
		t.Errorf("%d of %d reads are said to have been on the replica, which was asked every second time", astray.OnReplicas, astray.Reads)
	}
}

// TestFreshnessSeesWhatWasNeverCommitted puts a value into a session's own row.
func TestFreshnessSeesWhatWasNeverCommitted(t *testing.T) {
	c := testpg.Start(t, testpg.Options{})
	ctx := within(t, time.Minute)
	must(t, PrepareFreshness(ctx, c.Primary, 16))
	must(t, c.Primary.Exec(ctx, "UPDATE "+FreshTable+" SET value = 7 WHERE key = 1000"))
	r, err := Freshness{URL: straight(c.Primary), Sessions: 1, Reads: 50}.Run(ctx)
	must(t, err)
	if r.Wrong == 0 {
		t.Error("it was not seen")
	}
}
