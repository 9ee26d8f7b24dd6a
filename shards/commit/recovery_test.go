package commit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// leave prepares on shard 1 what its coordinator, which shard 0 was to decide
// for, never came back to. decided: the decision is there.
func (r *rig) leave(account int, decided bool) {
	r.t.Helper()
	f := &fault{arrow: ArrowCommit, shard: 0, moment: before, victim: proxy, order: []int{0, 1, 2}}
	if decided {
		f.arrow, f.shard = ArrowFinish, 1
	}
	f.rig, f.at, f.done, f.struck = r, map[int]Arrow{}, map[Step]bool{}, make(chan struct{})
	list := r.begin(account, 0, 1)
	for i := range list {
		w := &faultyWire{pgWire: list[i].Conn.(*pgWire), f: f, shard: list[i].Shard}
		f.wires = append(f.wires, w)
		list[i].Conn = w
	}
	c := r.decidedBy(decider, func(o *Options) { o.Step, o.Dial = f.step, f.dial })
	f.dead = func() { c.o.Limit = time.Millisecond }
	if out := c.Commit(ctxOf(r.t), list); out.Left != 1 {
		r.t.Fatalf("it left %d", out.Left)
	}
}

// TestRunRecovers: what others left is finished within seconds by Run as it
// is, which says of each commit on which shard it can be seen now.
func TestRunRecovers(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	r.leave(1, false)
	r.leave(2, true)
	told := make(chan string, 10)
	rec := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Finished: func(shard int) {
		told <- fmt.Sprint(shard, " ", r.balances(2))
	}})
	ctx, cancel := context.WithTimeout(ctxOf(t), 30*time.Second)
	done := make(chan struct{})
	go func() { defer close(done); rec.Run(ctx) }()
	begun := time.Now()
	for r.prepared() > 0 && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	took := time.Since(begun)
	cancel()
	<-done
	if took > patience {
		t.Errorf("it took %v", took)
	}
	t.Logf("recovered after %v", took.Round(time.Millisecond))
	if a, b := r.balances(1), r.balances(2); a != "100 100" || b != "99 99" {
		t.Errorf("%s, %s", a, b)
	}
	if len(told) != 1 || <-told != "1 99 99" {
		t.Errorf("%d commits were told of, or one that cannot be seen", len(told))
	}
	for _, k := range rec.kept {
		if k.conn != nil {
			t.Error("a connection was left open")
		}
	}
}

// TestTwoRecoveries at once do not disturb each other.
func TestTwoRecoveries(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	for a := range 20 {
		r.leave(a+1, a%2 == 0)
	}
	join(make([]struct{}, 4), func(struct{}) {
		rec := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Age: time.Nanosecond})
		defer rec.close()
		for range 5 {
			rec.Round(ctxOf(t))
		}
	})
	for a := range 20 {
		if got, want := r.balances(a+1), []string{"99 99", "100 100"}[a%2]; got != want {
			t.Errorf("account %d: %s", a+1, got)
		}
	}
	if n := r.prepared(); n != 0 {
		t.Errorf("%d are prepared", n)
	}
}

// TestStrangers: what other clusters prepared, or somebody by hand, or what
// is to be decided by a shard that is not there, is left alone.
func TestStrangers(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	escaped, _ := escapeCluster(rigCluster)
	gone, _ := newName(escaped, 7, time.Now(), random)
	here, _ := newName(escaped, 1, time.Now(), random)
	foreign, _ := newName("other", 1, time.Now(), random)
	for i, gid := range []string{gone.gid(1), here.gid(0), foreign.gid(1), "wye:bank%201:by hand", "mine"} {
		r.run(r.begin(i+1, 1)[0], "PREPARE TRANSACTION '"+gid+"'")
	}
	rec := NewRecovery(r.coordinator(nil), RecoveryOptions{Shards: 2, Age: time.Nanosecond})
	defer rec.close()
	if n := rec.Round(ctxOf(t)); n != 0 || r.prepared() != 5 {
		t.Errorf("%d were recovered", n)
	}
	if list := rec.InDoubt(); len(list) != 1 || list[0].State != DoubtStranger || !strings.Contains(list[0].Error, "configuration") {
		t.Errorf("in doubt: %+v", list)
	}
}

// TestSweep: decisions go when nobody can ask for them any more.
func TestSweep(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	c := r.coordinator(nil)
	ctx := ctxOf(t)
	rec := NewRecovery(c, RecoveryOptions{Shards: 2})
	defer rec.close()
	rows := func() string {
		return r.value(0, "SELECT count(*) FILTER (WHERE state = 'c') || ' ' || count(*) FILTER (WHERE state = 'a') FROM wye.dtx")
	}
	want := func(when, want string) {
		t.Helper()
		rec.Sweep(ctx)
		if got := rows(); got != want {
			t.Errorf("%s: %s decisions and tombstones, want %s; %v", when, got, want, rec.Unseen())
		}
	}
	age := func(by string) {
		t.Helper()
		must(t, r.shards[0].Primary.Exec(ctx, "UPDATE wye.dtx SET at = at - interval '"+by+"'"))
	}
	sameOutcome(t, r.decidedBy(0, nil).Commit(ctx, r.begin(1, 0, 1)), Committed, "")
	r.leave(2, true)
	r.leave(3, false)
	must(t, r.shards[0].Primary.Exec(ctx, fmt.Sprintf("INSERT INTO wye.dtx VALUES ('wye:bank%%201:0:%d:x', 'a'), ('wye:other:0:1:x', 'c')", time.Now().UnixMilli())))
	want("all are young", "3 1")
	age("3 min")
	r.shards[1].Primary.Kill()
	want("a shard is down", "3 1")
	r.restart(1)
	want("one is prepared", "2 1") // and the other cluster's
	r.recoverAll(t)
	want("all are recovered", "1 2")
	if a, b := r.balances(2), r.balances(3); a != "99 99" || b != "100 100" {
		t.Errorf("%s, %s", a, b)
	}
	age("25 hours")
	want("tombstones are old, but not their names", "1 2")
	must(t, r.shards[0].Primary.Exec(ctx, "UPDATE wye.dtx SET dtx = 'wye:bank%201:0:' || n || ':x' FROM (SELECT row_number() OVER () n, dtx d FROM wye.dtx WHERE state = 'a') x WHERE d = dtx"))
	want("all is old", "1 0")
}

func (r *rig) recoverAll(t *testing.T) {
	r.recover(t, r.coordinator(nil), RecoveryOptions{Age: time.Nanosecond})
}

// TestBudget: who finds no room waits for a moment, and holds nothing.
func TestBudget(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	ctx := ctxOf(t)
	b := NewBudget(50 * time.Millisecond)
	b.Limit(1, 2, 1) // four fifths of 2
	c := r.decidedBy(0, func(o *Options) { o.Budget = b })
	take := func() {
		t.Helper()
		if err := b.take(ctx, []int{1}); err != nil {
			t.Fatal(err)
		}
	}
	take()
	list := r.begin(1, 0, 2, 1)
	out := c.Commit(ctx, list)
	sameOutcome(t, out, RolledBack, "53300")
	r.usable(t, list)
	if used, of := b.Use(1); used != 1 || of != 1 {
		t.Errorf("%d of %d", used, of)
	}
	if used, _ := b.Use(2); used != 0 {
		t.Errorf("%d are held on shard 2", used)
	}
	time.AfterFunc(20*time.Millisecond, func() { b.give(1) })
	sameOutcome(t, r.decidedBy(0, func(o *Options) { o.Budget = b }).Commit(ctx, r.begin(1, 0, 2, 1)), Committed, "")
	if used, _ := b.Use(1); used != 0 {
		t.Errorf("%d are still taken", used)
	}
	b.Limit(1, 100, 4)
	if _, of := b.Use(1); of != 20 {
		t.Errorf("a quarter of four fifths of 100 is %d", of)
	}
	take()
	b.Limit(1, 1, 4)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if err := b.take(canceled, []int{1}); err != errCanceled {
		t.Error(err)
	}
}

// TestManyAtOnce commit on a budget that is too small for all of them.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, map[string]string{"max_prepared_transactions": "3"})
	b := NewBudget(20 * time.Second)
	for i := range r.shards {
		b.Limit(i, 3, 1)
	}
	c := r.coordinator(func(o *Options) { o.Budget = b })
	list := make([]int, 12)
	for i := range list {
		list[i] = i + 1
	}
	join(list, func(account int) {
		for range 10 {
			sameOutcome(t, c.Commit(ctxOf(t), r.begin(account, 0, 1, 2)), Committed, "")
		}
	})
	for _, a := range list {
		if got := r.balances(a); got != "90 90 90" {
			t.Errorf("account %d: %s", a, got)
		}
	}
	deciders := 0
	for i := range r.shards {
		if r.value(i, "SELECT count(*) FROM wye.dtx") != "0" {
			deciders++
		}
	}
	if deciders != 3 {
		t.Errorf("%d of 3 shards decided", deciders)
	}
}
