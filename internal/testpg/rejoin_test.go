package testpg

import (
	"testing"
	"time"
)

// TestRejoin kills the primary again and again; each time the other takes
// over and the killed one, which knows of rows that nobody else has, comes
// back as its replica.
func TestRejoin(t *testing.T) {
	c := Start(t, Options{Replicas: 1})
	primary, replica := c.Primary, c.Replicas[0]
	exec1(t, primary, "CREATE TABLE t (life int)")
	for life := range 3 {
		if err := replica.WaitCaughtUp(testContext(t), primary); err != nil {
			t.Fatal(err)
		}
		replica.Stop() // so that the next rows reach nobody else
		exec1(t, primary, "INSERT INTO t SELECT -1 FROM generate_series(1, 1000)")
		primary.Kill()
		replica.Cont()
		if err := replica.Promote(testContext(t)); err != nil {
			t.Fatal(err)
		}
		exec1(t, replica, "DELETE FROM t WHERE life < 0; INSERT INTO t VALUES (1)")
		addr, began := primary.Addr(), time.Now()
		if err := primary.Rejoin(testContext(t), replica); err != nil {
			t.Fatal(err)
		}
		t.Logf("rejoined in %v", time.Since(began).Round(time.Millisecond))
		if primary.Addr() != addr {
			t.Errorf("moved from %s to %s", addr, primary.Addr())
		}
		primary, replica = replica, primary
		if got := value(t, replica, "SELECT count(*) FROM t"); got != value(t, primary, "SELECT count(*) FROM t") {
			t.Errorf("life %d: the copy has %s rows", life, got)
		}
		if value(t, replica, "SELECT pg_is_in_recovery()") != "t" {
			t.Errorf("life %d: the copy is no replica", life)
		}
	}
}

func TestRejoinOfARunningServerForgetsItsSettings(t *testing.T) {
	c := Start(t, Options{Replicas: 2})
	r := c.Replicas[0]
	exec1(t, r, "ALTER SYSTEM SET work_mem = '5MB'")
	exec1(t, c.Primary, "ALTER SYSTEM SET work_mem = '6MB'")
	if err := r.Rejoin(testContext(t), c.Primary); err != nil {
		t.Fatal(err)
	}
	if got := value(t, r, "SHOW work_mem"); got != "4MB" {
		t.Errorf("work_mem is %s, want the default", got)
	}
	if got, want := value(t, r, "SHOW cluster_name"), r.ClusterName(); got != want {
		t.Errorf("cluster_name is %q, want %q", got, want)
	}
}

func TestEndOfPage(t *testing.T) {
	for in, want := range map[string]string{
		"0/3000028":   "0/3000000", // a segment's first page
		"1A/2FFE018":  "1A/2FFE000",
		"0/3000000":   "0/3000000",
		"0/2FFE030":   "0/2FFE030", // one record of 24 bytes stands there
		"FF/FFFFFFF8": "FF/FFFFFFF8",
	} {
		if got, err := endOfPage(in); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", in, got, err, want)
		}
	}
	if _, err := endOfPage("here"); err == nil {
		t.Error("no position was accepted")
	}
}
