package difftest

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// full is make difftest: all layouts and modes, and the table.
func full() bool { return os.Getenv("WYE_DIFFTEST") == "full" }

// quick are modes that between them have each wire, and both sides of a
// transaction.
var quick = []Mode{{Simple, false}, {Text, true}, {Binary, false}, {Portal, true}}

// rig is the servers with the plain target and its judge.
type rig struct {
	*Fleet
	ctx   context.Context
	plain Target
	judge *Judge
	cases []Case
}

// booted is the rig that the tests of this package share; TestMain closes it.
var booted *rig

func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Minute)
	booted = &rig{ctx: ctx}
	code := m.Run()
	cancel()
	if booted.judge != nil {
		booted.judge.Close()
	}
	if booted.Fleet != nil {
		booted.Close()
	}
	os.Exit(code)
}

func start(t *testing.T) *rig {
	t.Helper()
	r := booted
	if r.judge != nil {
		return r
	}
	var err error
	if r.cases = Select(corpus(t), os.Getenv("WYE_DIFFTEST_ONLY")); len(r.cases) == 0 {
		t.Fatal("no such case")
	}
	if r.Fleet, err = BootFleet(r.ctx); err != nil {
		t.Fatal(err)
	}
	if r.plain, err = r.Plain(r.ctx); err != nil {
		t.Fatal(err)
	}
	r.judge = NewJudge(r.ctx, r.plain)
	return r
}

func (r *rig) run(t *testing.T, target Target, modes []Mode) Run {
	t.Helper()
	t.Cleanup(target.Store().close)
	began := time.Now()
	all, err := r.judge.Compare(target, r.cases, modes)
	if err != nil {
		t.Fatal(err)
	}
	run := Run{Target: target.Name(), Shards: len(target.Store().shards), All: all}
	t.Logf("%s: %v; %v", target.Name(), run.tally(func(Shape) bool { return true }, false), time.Since(began).Round(time.Millisecond))
	return run
}

// TestDifferential is the differential test. Quick unless WYE_DIFFTEST=full.
func TestDifferential(t *testing.T) {
	r := start(t)
	modes := quick
	if full() {
		modes = Modes()
	}
	t.Run("twin", func(t *testing.T) { r.twin(t, modes) })
	t.Run("naive", r.naive)
	var runs []Run
	t.Run("not sharded", func(t *testing.T) { runs = append(runs, r.unsharded(t, modes)) })
	t.Run("sharded", func(t *testing.T) { runs = append(runs, r.sharded(t, modes)...) })
	if full() {
		PrintTable(os.Stdout, runs)
	}
}

// twin: another PostgreSQL is equal, or the corpus is not deterministic. And
// the corpus does something: reads return rows.
func (r *rig) twin(t *testing.T, modes []Mode) {
	twin, err := r.Twin(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	run := r.run(t, twin, modes)
	for _, class := range []Class{Refused, Wrong} {
		for _, line := range run.Complaints(class) {
			t.Error(line)
		}
	}
	for _, c := range r.cases {
		if rec := r.judge.records[c.At+" "+modes[0].String()]; rec != nil && len(c.Steps) == 1 && !c.Writes() {
			a := rec.steps[0]
			if len(a.Results) == 1 && a.Results[0].Columns != nil && (len(a.Results[0].Rows) == 0) != c.Hollow {
				t.Errorf("%s: %d rows and hollow %v: %s", c.At, len(a.Results[0].Rows), c.Hollow, c.Steps[0].SQL)
			}
		}
	}
}

// naive: a scatter that thinks of nothing fails on half of the corpus, so
// that the corpus can fail.
func (r *rig) naive(t *testing.T) {
	layouts := []Layout{{4, false}, {4, true}}
	if !full() {
		layouts = layouts[:1]
	}
	for _, l := range layouts {
		n, err := r.Naive(r.ctx, l, r.plain)
		if err != nil {
			t.Fatal(err)
		}
		run := r.run(t, n, quick[:1])
		if wrong, all := Count(run.All, Wrong), len(run.All); 2*wrong < all && os.Getenv("WYE_DIFFTEST_ONLY") == "" {
			t.Errorf("%s is wrong on %d of %d only", n.Name(), wrong, all)
		}
	}
}

// unsharded: wye before one PostgreSQL is that PostgreSQL.
func (r *rig) unsharded(t *testing.T, modes []Mode) Run {
	w, err := r.WyePlain(r.ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	run := r.run(t, w, modes)
	for _, class := range []Class{Refused, Wrong} {
		for _, line := range run.Complaints(class) {
			t.Error(line)
		}
	}
	return run
}

// sharded: over shards nothing is wrong; over one, nothing is refused; enough
// is answered.
func (r *rig) sharded(t *testing.T, modes []Mode) (runs []Run) {
	layouts := []Layout{{4, false}}
	if full() {
		layouts = []Layout{{1, false}, {1, true}, {2, false}, {2, true}, {4, false}, {4, true}}
	}
	for _, l := range layouts {
		if !strings.Contains(l.String(), os.Getenv("WYE_DIFFTEST_LAYOUT")) {
			continue
		}
		without, with, err := r.WyeOver(r.ctx, l)
		if err != nil {
			t.Error(err)
			continue
		}
		t.Cleanup(without.Close)
		t.Cleanup(with.Close)
		for _, w := range []*Wye{without, with} {
			if !full() { // each wire, and both sides of a transaction, between the two
				modes = quick[:2]
				if w == with {
					modes = quick[2:]
				}
				if detecting {
					modes = modes[1:]
				}
			}
			run := r.run(t, w, modes)
			run.Gather = w == with
			runs = append(runs, run)
			r.goals(t, l, run)
		}
	}
	if len(runs) == 0 {
		t.Errorf("no layout is called %q", os.Getenv("WYE_DIFFTEST_LAYOUT"))
	}
	return runs
}

// What is answered at the least: the design's 85 % without gather; with it,
// what was reached of all that the design does not refuse, and must not be lost.
const (
	leastAnswered = 0.85
	leastGathered = 0.995
)

// goals are the figures of the design, for one layout.
func (r *rig) goals(t *testing.T, l Layout, run Run) {
	for _, line := range run.Complaints(Wrong) {
		t.Error(line)
	}
	if os.Getenv("WYE_DIFFTEST_ONLY") != "" {
		for _, line := range run.Complaints(Refused) {
			t.Log(line)
		}
		return
	}
	switch answered, reads := run.Answered(Shape.ManyShards), run.Answered(Shape.Read); {
	case l.Shards == 1 && Count(run.All, Refused) > 0:
		t.Errorf("%s refuses %d over one shard", run.Target, Count(run.All, Refused))
	case !run.Gather && answered < leastAnswered:
		t.Errorf("%s answers %.1f %% of what needs many shards, want %.0f %%", run.Target, 100*answered, 100*leastAnswered)
	case run.Gather && reads < leastGathered:
		t.Errorf("%s answers %.1f %% of all SELECTs, want %.0f %%", run.Target, 100*reads, 100*leastGathered)
		for _, line := range run.Complaints(Refused) {
			t.Log(line)
		}
	}
}
