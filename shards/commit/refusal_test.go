package commit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// TestRefusals: whatever one server refuses, nothing is left on any.
func TestRefusals(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, map[string]string{"max_prepared_transactions": "1"})
	r.onAll("CREATE TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); GRANT ALL ON late TO PUBLIC; INSERT INTO late VALUES (1)")
	ctx := ctxOf(t)
	const killSelf = "SELECT pg_terminate_backend(pg_backend_pid())"
	const spoil = "INSERT INTO late VALUES (1)" // noticed at the end of the transaction
	cases := []struct {
		name  string
		spoil map[int]string // what else is done, by shard
		plain []int
		code  string
		hint  string
	}{
		{"deferred constraint where it is prepared", map[int]string{1: spoil}, nil, "23505", ""},
		{"deferred constraint on the decider", map[int]string{0: spoil}, nil, "23505", ""},
		{"deferred constraint on all", map[int]string{0: spoil, 1: spoil, 2: spoil}, nil, "23505", ""},
		{"temporary table", map[int]string{1: "CREATE TEMP TABLE x ()"}, nil, "0A000", "writes on one shard"},
		{"notification", map[int]string{2: "NOTIFY x"}, nil, "0A000", "writes on one shard"},
		{"two that cannot be prepared", map[int]string{1: "NOTIFY x", 2: "NOTIFY x"}, []int{1, 2}, "0A000", "write on one shard"},
		{"cursor with hold", map[int]string{1: "DECLARE c CURSOR WITH HOLD FOR SELECT 1"}, nil, "0A000", "writes on one shard"},
		{"failed where it is prepared", map[int]string{1: "SELECT 1/0"}, nil, "25P02", ""},
		{"failed on the decider", map[int]string{0: "SELECT 1/0"}, nil, "25P02", ""},
		{"session ended by an administrator", map[int]string{1: killSelf}, nil, "40001", "run the transaction again"},
		{"decider's session ended", map[int]string{0: killSelf}, nil, "40001", "run the transaction again"},
	}
	for i, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			account := i + 1
			list := r.begin(account, 0, 1, 2)
			for shard, sql := range tt.spoil {
				_, _ = list[shard].Conn.Exec(ctx, sql) // an error of it is the case itself
			}
			for _, shard := range tt.plain {
				list[shard].Plain = true
			}
			c := r.decidedBy(decider, nil)
			out := c.Commit(ctx, list)
			sameOutcome(t, out, RolledBack, tt.code)
			if out.Err != nil && !strings.Contains(out.Err.Hint, tt.hint) {
				t.Errorf("hint %q", out.Err.Hint)
			}
			if got := r.balances(account); got != "100 100 100" {
				t.Error(got)
			}
			left := 0
			if tt.spoil[1] == killSelf { // PREPARE may have arrived, for all that it knows
				left = 1
			}
			if n := r.prepared(); n != 0 || out.Left != left {
				t.Errorf("%d are prepared, %d left", n, out.Left)
			}
			NewRecovery(c, RecoveryOptions{Shards: 3}).Round(ctx)
			for shard := range r.shards {
				if used, _ := c.Budget().Use(shard); used != 0 {
					t.Errorf("%d of the budget of %d are taken", used, shard)
				}
			}
			for _, shard := range out.Broken {
				if tt.code != "40001" || len(out.Broken) != 1 {
					t.Errorf("connection to %d is said to be broken", shard)
				}
				list = append(list[:shard], list[shard+1:]...)
			}
			r.usable(t, list)
		})
	}
	t.Run("no room on the server", func(t *testing.T) {
		r.run(r.begin(90, 1)[0], "PREPARE TRANSACTION 'somebody else''s'")
		out := r.decidedBy(decider, nil).Commit(ctx, r.begin(91, 0, 1, 2))
		sameOutcome(t, out, RolledBack, "53200")
		if out.Err != nil && !strings.Contains(out.Err.Hint, "max_prepared_transactions") {
			t.Errorf("hint %q", out.Err.Hint)
		}
		must(t, r.shards[1].Primary.Exec(ctx, "ROLLBACK PREPARED 'somebody else''s'"))
	})
}

// TestPlainDecides: what cannot be prepared is committed all the same when it
// is on one shard.
func TestPlainDecides(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	for i, sql := range []string{"NOTIFY x", "CREATE TEMP TABLE x ()"} {
		list := r.begin(i+1, 0, 1)
		r.run(list[1], sql)
		list[1].Plain = true
		sameOutcome(t, r.decidedBy(0, nil).Commit(ctxOf(t), list), Committed, "")
		if got := r.balances(i + 1); got != "99 99" {
			t.Error(got)
		}
	}
}

// TestReaderFails: a serializable reader that must not commit takes the
// writers with it.
func TestReaderFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	const serializable = "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"
	for i, writers := range [][]int{nil, {1}, {1, 2}} {
		// Two transactions on shard 0 each read what the other writes.
		here, there := 50+2*i, 51+2*i
		pair := append(r.open(0), r.open(0)...)
		for j, p := range pair {
			r.run(p, serializable)
			r.run(p, fmt.Sprintf("SELECT * FROM account WHERE id = %d", []int{here, there}[j]))
			r.run(p, fmt.Sprintf("UPDATE account SET balance = 1 WHERE id = %d", []int{there, here}[j]))
		}
		r.run(pair[1], "COMMIT")
		list := append(r.begin(i+1, writers...), pair[0]) // not marked as a writer: its COMMIT alone is looked at
		sameOutcome(t, r.coordinator(nil).Commit(ctxOf(t), list), RolledBack, "40001")
		if got := r.balances(i + 1); got != "100 100 100" {
			t.Error(got)
		}
		r.usable(t, list)
	}
}

// TestLosses are those of transactions with one writer or none.
func TestLosses(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	ctx := ctxOf(t)
	c := r.coordinator(nil)
	lose := func(p Participant) { p.Conn.(*pgWire).cut("") }

	list := r.open(0, 1)
	lose(list[1])
	out := c.Commit(ctx, list)
	sameOutcome(t, out, RolledBack, "40001")
	if fmt.Sprint(out.Broken) != "[1]" {
		t.Errorf("broken: %v", out.Broken)
	}
	list = append(r.begin(1, 0), r.open(1)...)
	lose(list[1])
	sameOutcome(t, c.Commit(ctx, list), RolledBack, "40001")
	list = append(r.begin(1, 0), r.open(1)...)
	list[1].Late = true
	lose(list[1])
	sameOutcome(t, c.Commit(ctx, list), Committed, "")
	list = r.begin(1, 0)
	lose(list[0])
	sameOutcome(t, c.Commit(ctx, list), Unknown, "08007")
	if got := r.balances(1); got != "99 100" {
		t.Error(got)
	}
}

// TestHang: a server that does not answer holds nobody up for longer than the
// limit, and what it had is settled when it does again.
func TestHang(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	for _, frozen := range []int{0, 1} { // the decider, another
		list := r.begin(1, 0, 1, 2)
		c := r.decidedBy(decider, func(o *Options) { o.Limit = 300 * time.Millisecond })
		r.shards[frozen].Primary.Stop()
		begun := time.Now()
		out := c.Commit(ctxOf(t), list)
		took := time.Since(begun)
		r.shards[frozen].Primary.Cont()
		sameOutcome(t, out, RolledBack, "40001")
		if out.Err == nil || !strings.Contains(out.Err.Detail, "no answer") || took > patience {
			t.Errorf("after %v: %v, %q", took, out.Err, out.Err.Detail)
		}
		for _, p := range list {
			p.Conn.(*pgWire).Close()
		}
		r.recover(t, c, RecoveryOptions{})
		if got := r.balances(1); got != "100 100 100" {
			t.Error(got)
		}
	}
}

// TestUnknown: the decider is lost in COMMIT and stays away.
func TestUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3, nil)
	var c *Coordinator
	c = r.decidedBy(decider, func(o *Options) {
		o.Step = func(s Step) {
			if s == (Step{Arrow: ArrowCommit, Shard: decider}) {
				r.shards[decider].Primary.Kill()
				c.o.Limit = 200 * time.Millisecond
			}
		}
	})
	list := r.begin(1, 0, 1, 2)
	out := c.Commit(ctxOf(t), list)
	sameOutcome(t, out, Unknown, "08007")
	if out.Left != 2 || r.preparedOn(1)+r.preparedOn(2) != 2 {
		t.Errorf("left %d", out.Left)
	}
	rec := NewRecovery(c, RecoveryOptions{Shards: 3})
	defer rec.close()
	if n := rec.Round(ctxOf(t)); n != 0 {
		t.Errorf("finished %d without their decider", n)
	}
	for _, d := range rec.InDoubt() {
		if d.State != DoubtUndecided || d.Decider != decider || d.Owner != "app" || d.Error == "" {
			t.Errorf("in doubt: %+v", d)
		}
	}
	if len(rec.InDoubt()) != 2 || len(rec.Unseen()) != 1 {
		t.Errorf("in doubt %d, unseen %v", len(rec.InDoubt()), rec.Unseen())
	}
	r.restart(decider)
	if n := rec.Round(ctxOf(t)); n != 2 || len(rec.InDoubt()) != 0 || len(rec.Unseen()) != 0 {
		t.Errorf("finished %d; %v, %v", n, rec.InDoubt(), rec.Unseen())
	}
	if got := r.balances(1); got != "100 100 100" {
		t.Error(got)
	}
}

func (r *rig) preparedOn(shard int) (n int) {
	r.t.Helper()
	_, err := fmt.Sscan(r.value(shard, "SELECT count(*) FROM pg_prepared_xacts"), &n)
	must(r.t, err)
	return n
}

// TestSetLocalRole: who prepared it is not who the session is afterwards.
func TestSetLocalRole(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2, nil)
	r.onAll("CREATE ROLE teller; GRANT teller TO app")
	list := r.open(0, 1)
	for i := range list {
		r.run(list[i], "SET LOCAL ROLE teller")
		r.run(list[i], "UPDATE account SET balance = 7 WHERE id = 1")
		list[i].Wrote = true
	}
	out := r.coordinator(nil).Commit(ctxOf(t), list)
	sameOutcome(t, out, Committed, "")
	if got := r.balances(1); got != "7 7" || out.Left != 0 {
		t.Errorf("%s, %d left", got, out.Left)
	}
}

func TestCheck(t *testing.T) {
	for setting, want := range map[string]string{"0": "55000", "7": ""} {
		c := testpg.Start(t, testpg.Options{Settings: map[string]string{"max_prepared_transactions": setting}})
		w, err := dialWire(ctxOf(t), c.Primary.SuperuserURL("app"))
		must(t, err)
		n, err := Check(ctxOf(t), w, 3)
		w.Close()
		switch e, _ := err.(*pgerror.Error); {
		case want == "" && (err != nil || n != 7):
			t.Errorf("%d, %v", n, err)
		case want != "" && (e == nil || e.Code != want || !strings.Contains(e.Hint, "max_prepared_transactions") || !strings.Contains(e.Message, "shard 3")):
			t.Errorf("got %v", err)
		}
	}
}

func TestClusterNames(t *testing.T) {
	for _, bad := range []string{"", strings.Repeat("a", 101), strings.Repeat("é", 17)} {
		if _, err := New(Options{Cluster: bad}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	n, _ := newName("a%3Ab", 63, time.Now(), random)
	if _, _, ok := parseGID(n.gid(63)); !ok {
		t.Errorf("%s is not read back", n.gid(63))
	}
}

func FuzzParseGID(f *testing.F) {
	n, _ := newName("a%3Ab", 1, time.Now(), random)
	f.Add(n.gid(2))
	f.Add("wye:x:0:0:00000000000000000000000000000000:0")
	f.Add("wye:x:-1:0:00000000000000000000000000000000:00")
	f.Add("wye:a'b:1:1:00000000000000000000000000000000:1")
	f.Fuzz(func(t *testing.T, gid string) {
		n, shard, ok := parseGID(gid)
		if !ok {
			return
		}
		if n.gid(shard) != gid {
			t.Errorf("%q is read as %q", gid, n.gid(shard))
		}
		if strings.ContainsAny(gid, "'\\\" {},\x00") || len(gid) > 200 {
			t.Errorf("%q would need quotes", gid)
		}
	})
}

func (r *rig) appConn(shard int) *pgWire {
	r.t.Helper()
	c, err := pgconn.Connect(context.Background(), r.app[shard])
	must(r.t, err)
	w := &pgWire{c: c}
	r.t.Cleanup(w.Close)
	return w
}
