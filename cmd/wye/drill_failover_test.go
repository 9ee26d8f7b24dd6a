package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/drill"
	"github.com/wyeproxy/wye/internal/testpg"
)

// TestDrillKills kills the primary under writes and promotes its replica at
// once. WYE_DRILL_KILLS=100 is the full run, which judges the times too.
func TestDrillKills(t *testing.T) {
	t.Parallel()
	const clients = 8
	rig := startDrill(t, 1, "")
	r, err := drill.Kills{
		URL: rig.url, Primary: rig.Primary, Heir: rig.Replicas[0], Synchronous: true,
		Runs: envInt("WYE_DRILL_KILLS", 2), Writers: drill.Writers{Clients: clients}, Seed: 1,
	}.Run(drillTime(t))
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	w := &r.Writes
	judgeWrites(t, w)
	if other := w.Failed.Except(drill.Unknown); other > 0 || r.MostFailed > clients || r.Late > 0 {
		t.Errorf("want at most the %d statements in flight to fail, each with %s: %q", clients, drill.Unknown, w.Examples)
	}
	if figures("WYE_DRILL_KILLS") && (r.Gaps.At(0.5) > 500*time.Millisecond || r.Gaps.At(0.99) > time.Second) {
		t.Errorf("gap %v, want p50 of 0.5 s and p99 of 1 s at most", r.Gaps)
	}
}

// judgeWrites is what holds whatever happens to servers.
func judgeWrites(t *testing.T, w *drill.Writes) {
	t.Helper()
	if w.Lost+w.Twice+w.Ghosts+w.Strangers+w.Broken != 0 {
		t.Errorf("%v; %q", w, w.Examples)
	}
}

// TestDrillSwitchover moves the primary's role with nobody noticing.
// WYE_DRILL_SWITCHOVERS=50 is the full run.
func TestDrillSwitchover(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name string
		do   func(context.Context, console, *testpg.Node, *testpg.Node) error
	}{{"by hand", byHand}, {"SWITCHOVER", byVerb}} {
		t.Run(way.name, func(t *testing.T) { switchOver(t, way.do) })
	}
}

func switchOver(t *testing.T, way func(context.Context, console, *testpg.Node, *testpg.Node) error) {
	rig := startDrill(t, 1, "")
	if err := rig.Primary.Exec(drillTime(t), "GRANT EXECUTE ON FUNCTION pg_promote TO app"); err != nil {
		t.Fatal(err)
	}
	ops := openConsole(t, rig.addr, "ops")
	r, err := drill.Switchovers{
		URL: rig.url, Primary: rig.Primary, Heir: rig.Replicas[0], Runs: envInt("WYE_DRILL_SWITCHOVERS", 2),
		Switch: func(ctx context.Context, from, to *testpg.Node) error { return way(ctx, ops, from, to) },
	}.Run(drillTime(t))
	t.Log(r)
	if err != nil {
		t.Fatal(err)
	}
	judgeWrites(t, &r.Writes)
	if n := r.Writes.Failed.Total(); n > 0 {
		t.Errorf("%d statements failed: %q", n, r.Writes.Examples)
	}
	if figures("WYE_DRILL_SWITCHOVERS") && r.Gaps.At(0.99) > 350*time.Millisecond {
		t.Errorf("gap %v, want p99 of 0.35 s at most", r.Gaps)
	}
}

// byHand is a planned switchover by PAUSE and RESUME. A clean shutdown sends
// the replica all there is before it ends.
func byHand(ctx context.Context, ops console, from, to *testpg.Node) error {
	if _, err := ops.Exec(ctx, "pause app").ReadAll(); err != nil {
		return err
	}
	if err := from.Shutdown(ctx, testpg.Fast); err != nil {
		return err
	}
	if err := to.Promote(ctx); err != nil {
		return err
	}
	_, err := ops.Exec(ctx, "resume app").ReadAll()
	return err
}

// byVerb is one by wye itself. The old primary goes on running, fenced.
func byVerb(ctx context.Context, ops console, _, to *testpg.Node) error {
	for {
		_, err := ops.Exec(ctx, "switchover app '"+to.Addr()+"'").ReadAll()
		var e *pgconn.PgError
		if err == nil || !errors.As(err, &e) || e.Code != "55000" {
			return err
		}
		time.Sleep(20 * time.Millisecond) // the heir is not known to be up yet
	}
}
