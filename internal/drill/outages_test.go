package drill

import (
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestReplicaKilledWithoutAPooler: readers notice, and it shows.
func TestReplicaKilledWithoutAPooler(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Replicas: 1})
	r, err := Outages{
		URL: straight(c.Replicas[0]), Primary: c.Primary, Servers: c.Replicas, Runs: 2, Away: 200 * time.Millisecond,
	}.Run(within(t, time.Minute))
	must(t, err)
	t.Log(r)
	if r.Reads.Failed.Total() == 0 || r.Reads.Broken < 8 || r.Stalls.At(0) < 100*time.Millisecond || r.Idle != 0 {
		t.Errorf("the outage was not seen: %q", r.Reads.Examples)
	}
	if r.Reads.Wrong != 0 {
		t.Errorf("%q", r.Reads.Examples)
	}
}

func TestReplicaFrozenWithoutAPooler(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Replicas: 2})
	ctx := within(t, time.Minute)
	o := Outages{URL: straight(c.Replicas[0]), Primary: c.Primary, Servers: c.Replicas[:1], Runs: 1, Freeze: true, Away: 300 * time.Millisecond}
	r, err := o.Run(ctx)
	must(t, err)
	t.Log(r)
	if r.Reads.Failed.Total() != 0 || r.Stalls.At(0) < 150*time.Millisecond || r.Reads.Slowest < 150*time.Millisecond {
		t.Errorf("want a stall and no failure: %q", r.Reads.Examples)
	}
	o.Servers, o.Settle = c.Replicas[1:], 100*time.Millisecond // nobody reads there
	r, err = o.Run(ctx)
	must(t, err)
	t.Log(r)
	if r.Idle != 1 {
		t.Error("it was not said that an idle server proves nothing")
	}
}

func TestReadersSeeOtherContents(t *testing.T) {
	c := testpg.Start(t, testpg.Options{})
	ctx := within(t, time.Minute)
	must(t, PrepareReads(ctx, c.Primary))
	must(t, c.Primary.Exec(ctx, "UPDATE drill_rows SET body = overlay(body placing '!' from 1) WHERE id > 1"))
	load, err := Readers{URL: straight(c.Primary), Clients: 2}.Start(ctx) // id 1 remains
	must(t, err)
	if r := load.Stop(); r.Wrong == 0 {
		t.Errorf("%v", r)
	}
}
