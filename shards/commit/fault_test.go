package commit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"
)

// moment is where in an arrow a fault strikes.
type moment string

const (
	before moment = "before"
	sent   moment = "sent" // and its answer not read
	after  moment = "after"
)

// victim is what is lost.
type victim string

const (
	proxy  victim = "proxy"  // all of its connections end at once, and it does nothing any more
	conn   victim = "conn"   // the connection of the arrow
	server victim = "server" // kill -9 of the shard of the arrow
)

// fault is one loss during a commit, and the order in which its arrows go.
type fault struct {
	arrow  Arrow
	shard  int
	moment moment
	victim victim
	order  []int // shards: of arrows that may go at once, that to the first of these goes first

	rig     *rig
	wires   []*faultyWire
	lock    sync.Mutex
	at      map[int]Arrow // by shard: the arrow under way
	done    map[Step]bool
	struck  chan struct{} // closed
	strikes sync.Once
	dead    func() // called where a proxy that was killed would wait for a decider
}

func (f *fault) String() string {
	return fmt.Sprintf("%s lost %s %s on %d in order %v", f.victim, f.moment, f.arrow, f.shard, f.order)
}

// faultyWire is a participant's connection that f can hurt.
type faultyWire struct {
	*pgWire
	f     *fault
	shard int
}

var errStruck = errors.New("connection lost by the test")

func (w *faultyWire) Exec(ctx context.Context, sql string) (string, error) {
	f := w.f
	f.lock.Lock()
	hit := f.moment == sent && f.at[w.shard] == f.arrow && w.shard == f.shard
	f.lock.Unlock()
	if hit {
		f.strike(sql)
	}
	if f.gone() && (f.victim == proxy || f.victim == conn && w.shard == f.shard) {
		return "", errStruck
	}
	return w.pgWire.Exec(ctx, sql)
}

func (f *fault) gone() bool {
	select {
	case <-f.struck:
		return true
	default:
		return false
	}
}

func (f *fault) strike(inFlight string) {
	f.strikes.Do(func() {
		for _, w := range f.wires {
			switch {
			case w.shard == f.shard && f.victim != server:
				w.cut(inFlight)
			case w.shard == f.shard && inFlight != "":
				w.cut(inFlight) // the server is killed right behind it
			case f.victim == proxy:
				w.cut("")
			}
		}
		if f.victim == server {
			f.rig.shards[f.shard].Primary.Kill()
		}
		close(f.struck)
	})
}

// dial is the coordinator's Dialer: a dead proxy dials nobody.
func (f *fault) dial(ctx context.Context, shard int) (AdminConn, error) {
	if f.victim == proxy && f.gone() {
		return nil, errStruck
	}
	return f.rig.Dial(ctx, shard)
}

// step is the coordinator's Step.
func (f *fault) step(s Step) {
	f.lock.Lock()
	f.at[s.Shard] = s.Arrow
	f.done[s] = true
	f.lock.Unlock()
	if s.Arrow == ArrowAsk && !s.Done {
		switch f.victim {
		case server:
			f.rig.restart(f.shard)
		case proxy:
			f.dead()
		}
	}
	if !s.Done {
		f.await(s)
	}
	if s.Arrow == f.arrow && s.Shard == f.shard && (s.Done && f.moment == after || !s.Done && f.moment == before) {
		f.strike("")
	}
}

// parallel are the arrows that may go at once.
var parallel = [][]Arrow{{ArrowPrepare, ArrowDecide}, {ArrowFinish}}

// await holds an arrow until those of its phase to shards that come first in
// the order have been answered, or the fault has struck.
func (f *fault) await(s Step) {
	for _, phase := range parallel {
		if !slices.Contains(phase, s.Arrow) {
			continue
		}
		for _, first := range f.order[:slices.Index(f.order, s.Shard)] {
			for !f.gone() && !f.answered(phase, first) {
				time.Sleep(100 * time.Microsecond)
			}
		}
	}
}

func (f *fault) answered(phase []Arrow, shard int) bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	if phase[0] == ArrowFinish && shard == decider {
		return true // it has no part in it
	}
	return slices.ContainsFunc(phase, func(a Arrow) bool { return f.done[Step{Arrow: a, Shard: shard, Done: true}] })
}

// decider of all commits that are hurt; of three shards.
const decider = 0

// faults are all places in a commit of three shards, in both orders. Servers
// take long to restart: in the second order they are killed only in a full
// run.
func faults(full bool) (all []*fault) {
	type place struct {
		arrow Arrow
		shard int
	}
	places := []place{{ArrowPrepare, 1}, {ArrowPrepare, 2}, {ArrowDecide, decider}, {ArrowCommit, decider}, {ArrowFinish, 1}, {ArrowFinish, 2}}
	for i, order := range [][]int{{0, 1, 2}, {2, 1, 0}} {
		for _, p := range places {
			for _, m := range []moment{before, sent, after} {
				for _, v := range []victim{proxy, conn, server} {
					if v == server && i > 0 && !full {
						continue
					}
					all = append(all, &fault{arrow: p.arrow, shard: p.shard, moment: m, victim: v, order: order})
				}
			}
		}
	}
	return all
}

// TestEveryStep loses everything once at every step of a commit, in both
// orders, and has another proxy, or the same one, recover.
func TestEveryStep(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	r.onAll("INSERT INTO account SELECT n, 100 FROM generate_series(101, 1000) n")
	states := map[State]int{}
	for i, f := range faults(os.Getenv("WYE_DRILL_COMMITS") != "") {
		t.Run(f.String(), func(t *testing.T) { states[r.hurt(t, f, i+1)]++ })
	}
	t.Logf("%v", states)
	if states[Committed] == 0 || states[RolledBack] == 0 {
		t.Errorf("not all of them came about: %v", states)
	}
}

// hurt does one commit with the fault in it, and checks what is left.
func (r *rig) hurt(t *testing.T, f *fault, account int) State {
	f.rig, f.at, f.done, f.struck = r, map[int]Arrow{}, map[Step]bool{}, make(chan struct{})
	list := r.begin(account, 0, 1, 2)
	for i := range list {
		w := &faultyWire{pgWire: list[i].Conn.(*pgWire), f: f, shard: list[i].Shard}
		f.wires = append(f.wires, w)
		list[i].Conn = w
	}
	c := r.decidedBy(decider, func(o *Options) { o.Step, o.Dial = f.step, f.dial })
	f.dead = func() { c.o.Limit = time.Millisecond }
	out := c.Commit(ctxOf(t), list)
	if !f.gone() {
		t.Fatalf("the fault did not strike: %+v", out)
	}
	for _, w := range f.wires {
		w.cut("")
	}
	if f.victim == server {
		r.restart(f.shard)
	}
	by := c // who recovers
	if f.victim == proxy {
		by = r.coordinator(nil)
	}
	r.recover(t, by, RecoveryOptions{Age: time.Nanosecond})
	r.sameEverywhere(t, f, account, out)
	if used, _ := by.o.Budget.Use(1); used != 0 {
		t.Errorf("%d of the budget are still taken", used)
	}
	return out.State
}

func (r *rig) sameEverywhere(t *testing.T, f *fault, account int, out Outcome) {
	t.Helper()
	got := r.balances(account)
	want := map[State]string{Committed: "99 99 99", RolledBack: "100 100 100"}[out.State]
	if f.victim == proxy { // which told nobody anything
		decided := f.arrow == ArrowFinish || f.arrow == ArrowCommit && f.moment == after
		want = map[bool]string{true: "99 99 99", false: "100 100 100"}[decided]
		if f.arrow == ArrowCommit && f.moment == sent && got == "99 99 99" {
			want = got // the server was quicker
		}
	}
	if got != want {
		t.Errorf("balances are %s after %v (%v)", got, out.State, out.Err)
	}
}

// recover waits until none of the user's transactions is open, and has everything
// finished.
func (r *rig) recover(t *testing.T, c *Coordinator, o RecoveryOptions) {
	t.Helper()
	begun := time.Now()
	for i := range r.shards {
		for r.value(i, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'") != "0" {
			if time.Since(begun) > patience {
				t.Fatal("a transaction is still open")
			}
			time.Sleep(max(time.Millisecond, time.Since(begun)/16)) // each look is a connection
		}
	}
	o.Shards = len(r.shards)
	rec := NewRecovery(c, o)
	defer rec.close()
	rec.Round(ctxOf(t))
	if n := r.prepared(); n != 0 {
		t.Errorf("%d transactions are still prepared: %+v; %v", n, rec.InDoubt(), rec.Unseen())
	}
}

// decidedBy returns a coordinator that makes the participant at a place among
// the writers the decider.
func (r *rig) decidedBy(place int, change func(*Options)) *Coordinator {
	calls := 0
	return r.coordinator(func(o *Options) {
		o.Random = func() uint64 { // once to choose, twice for the name
			calls++
			if calls%3 == 1 {
				return uint64(place)
			}
			return random()
		}
		if change != nil {
			change(o)
		}
	})
}
