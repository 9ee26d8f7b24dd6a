package watch

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// What a watcher sees of servers that nobody harms; one cluster for all.
func TestHealthyCluster(t *testing.T) {
	t.Parallel()
	pg := testpg.Start(t, testpg.Options{Replicas: 2, Users: []testpg.User{{Name: "app", Password: "app"}, {Name: "poor", Password: "poor"}}})
	t.Run("roles are found", func(t *testing.T) { rolesAreFound(t, pg) })
	t.Run("an ordinary user", func(t *testing.T) { ordinaryUser(t, pg) })
	t.Run("never fresher than the truth", func(t *testing.T) { neverFresherThanTruth(t, pg) })
	t.Run("a late replica", func(t *testing.T) { lateReplica(t, pg) })
	t.Run("page headers", func(t *testing.T) { pageHeaders(t, pg) })
	t.Run("a token", func(t *testing.T) { tokenAcross(t, pg) })
	t.Run("a kept connection ends", func(t *testing.T) { keptConnectionEnds(t, pg) })
}

func rolesAreFound(t *testing.T, pg *testpg.Cluster) {
	w := watchCluster(t, pg, nil)
	if p, err := w.AwaitPrimary(deadline(t)); err != nil || p != 0 {
		t.Fatalf("primary is %d, %v, want 0", p, err)
	}
	w.until("the replicas may be read", func() bool { return w.Readers() == 0b110 })
	if err := w.SampleNow(deadline(t)); err != nil {
		t.Fatal(err)
	}
	w.until("the replicas are fresh", func() bool { return w.clock.FreshAsOf(1) > 0 && w.clock.FreshAsOf(2) > 0 })
	want, err := pg.Primary.Value(deadline(t), "SELECT system_identifier FROM pg_control_system()")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range w.View() {
		if v.System != want || v.Timeline != 1 || !v.Up || v.Writable != (i == 0) || v.Readable != (i != 0) {
			t.Errorf("node %d shows as %+v", i, v)
		}
	}
	w.until("both replicas were announced", func() bool {
		return w.log.count(ReplicaUp, 1) == 1 && w.log.count(ReplicaUp, 2) == 1 && w.log.count(PrimaryFound, 0) == 1
	})
}

// A user without any rights is enough, and so is one from whom what everybody
// may do was taken away; only then the cluster's identity is not checked.
func ordinaryUser(t *testing.T, pg *testpg.Cluster) {
	w := watchAs(t, pg, "poor")
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	if v := w.View()[1]; v.System == "" {
		t.Errorf("the identifier is hidden: %+v", v)
	}
	exec(t, pg.Primary, "REVOKE EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() FROM PUBLIC")
	defer exec(t, pg.Primary, "GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO PUBLIC")
	exec(t, pg.Primary, "GRANT pg_monitor TO poor")
	exec(t, pg.Primary, "ALTER ROLE poor SET search_path = public")
	for _, n := range pg.Replicas {
		if err := n.WaitCaughtUp(deadline(t), pg.Primary); err != nil {
			t.Fatal(err)
		}
	}
	w = watchAs(t, pg, "poor")
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	w.until("it is said once for each", func() bool {
		return w.log.count(NodeUntrusted, 0) == 1 && w.log.count(NodeUntrusted, 1) == 1 && w.log.count(NodeUntrusted, 2) == 1
	})
}

// Writers as fast as they can, replicas that stop and go, samples all the
// time, and readers that ask whether what the clock promises is there.
func neverFresherThanTruth(t *testing.T, pg *testpg.Cluster) {
	w := watchCluster(t, pg, nil)
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	exec(t, pg.Primary, "CREATE TABLE counted (writer int, n int, PRIMARY KEY (writer, n))")
	for _, n := range pg.Replicas {
		if err := n.WaitCaughtUp(deadline(t), pg.Primary); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithTimeout(deadline(t), 2*time.Second)
	defer stop()
	var acks [3]acknowledgements
	var wg sync.WaitGroup
	for i := range acks {
		wg.Go(func() { writeOn(ctx, t, w, i, &acks[i]) })
	}
	wg.Go(func() {
		for ctx.Err() == nil {
			_ = w.SampleNow(ctx)
		}
	})
	for i, n := range pg.Replicas {
		wg.Go(func() { stopAndGo(ctx, t, n, time.Duration(20+60*i)*time.Millisecond) })
		wg.Go(func() { checkPromises(ctx, t, w, acks[:], n, i+1) })
	}
	wg.Wait()
}

// writeOn commits row after row without waiting for the disk, so that a
// commit is acknowledged before it is flushed.
func writeOn(ctx context.Context, t *testing.T, w *watched, writer int, acks *acknowledgements) {
	conn := open(t, w.pg.Primary)
	conn.run("SET synchronous_commit = off")
	for i := 1; ctx.Err() == nil; i++ {
		conn.run(fmt.Sprintf("INSERT INTO counted VALUES (%d, %d)", writer, i))
		acks.add(freshness.Now())
		w.WriteSeen()
	}
}

// stopAndGo pauses and resumes a replica's replay until ctx ends.
func stopAndGo(ctx context.Context, t *testing.T, n *testpg.Node, turn time.Duration) {
	conn := open(t, n)
	for ctx.Err() == nil {
		conn.run("SELECT pg_wal_replay_pause()")
		pauseFor(ctx, turn)
		conn.run("SELECT pg_wal_replay_resume()")
		pauseFor(ctx, turn)
	}
}

// checkPromises reads from a replica until ctx ends: whatever was
// acknowledged before it is fresh as of must be there.
func checkPromises(ctx context.Context, t *testing.T, w *watched, acks []acknowledgements, n *testpg.Node, replica int) {
	conn := open(t, n)
	reads, kept, worst := 0, 0, time.Duration(0)
	for ; ctx.Err() == nil; reads++ {
		as := w.clock.FreshAsOf(replica)
		writer := reads % len(acks)
		want := acks[writer].before(as)
		got, err := strconv.Atoi(conn.run("SELECT coalesce(max(n), 0) FROM counted WHERE writer = " + strconv.Itoa(writer)))
		if err != nil || got < want {
			t.Errorf("fresh as of %d promises %d rows, the replica shows %d (%v)", as, want, got, err)
			return
		}
		if want > 0 {
			kept++
		}
		if as > 0 {
			worst = max(worst, as.Age(freshness.Now()))
		}
	}
	t.Logf("replica %d: %d reads, %d promises kept, at most %v old", replica, reads, kept, worst)
	if kept == 0 {
		t.Error("nothing was ever promised")
	}
}

// acknowledgements are the instants of the writes 1, 2, 3...
type acknowledgements struct {
	mu sync.Mutex
	at []freshness.Instant
}

func (a *acknowledgements) add(at freshness.Instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = append(a.at, at)
}

// before is the last write acknowledged at or before as.
func (a *acknowledgements) before(as freshness.Instant) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := len(a.at)
	for n > 0 && a.at[n-1] > as {
		n--
	}
	return n
}

func lateReplica(t *testing.T, pg *testpg.Cluster) {
	w := watchCluster(t, pg, func(o *Options) { o.MaxLag = 64 << 10 })
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	late := pg.Replicas[0]
	exec(t, late, "SELECT pg_wal_replay_pause()")
	exec(t, pg.Primary, "CREATE TABLE filler AS SELECT repeat('x', 100) AS x FROM generate_series(1, 5000)")
	wrote := freshness.Now()
	w.clock.Wrote(wrote, []string{"filler"}, false)
	w.WriteSeen()
	only := func(replica int) func(int) bool { return func(n int) bool { return n == replica } }
	if !w.clock.Wait(deadline(t), wrote, generous, only(2)) {
		t.Error("the other replica is not fresh")
	}
	w.until("the late one is not read beyond max_lag", w.unreadable(1))
	if as := w.clock.FreshAsOf(1); as >= wrote {
		t.Errorf("it replays nothing and is fresh as of %d, after the write at %d", as, wrote)
	}
	if w.clock.Wait(deadline(t), wrote, 30*time.Millisecond, only(1)) {
		t.Error("waited successfully for a replica that replays nothing")
	}
	v := w.View()[1]
	if v.Place != Replica || !v.LagKnown || v.Lag < 64<<10 || !strings.Contains(v.Why, "max_lag") {
		t.Errorf("shows as %+v", v)
	}
	exec(t, late, "SELECT pg_wal_replay_resume()")
	if !w.clock.Wait(deadline(t), wrote, generous, only(1)) {
		t.Error("the late replica has caught up and is not fresh")
	}
	w.until("the late one is read again", w.readable(1))
}

// An idle replica is fresh as of now wherever the primary's log ends.
func pageHeaders(t *testing.T, pg *testpg.Cluster) {
	w := watchCluster(t, pg, nil)
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	conn := open(t, pg.Primary)
	for _, end := range []struct {
		of     string
		header freshness.LSN
		move   func() string // moves the log's end and returns pg_current_wal_insert_lsn()
	}{
		{"a segment", 40, func() string {
			conn.run("SELECT pg_switch_wal()")
			return conn.run("SELECT pg_current_wal_insert_lsn()")
		}},
		{"a page", 24, func() string { return fillPage(t, conn) }},
	} {
		at := end.move()
		for try := 0; position(t, at)%defaultWalPage != end.header; try++ {
			if try == 50 { // somebody else writes, too
				t.Fatalf("the log could not be made to end at the end of %s: %s", end.of, at)
			}
			at = end.move()
		}
		now := freshness.Now()
		if err := w.SampleNow(deadline(t)); err != nil {
			t.Fatal(err)
		}
		w.until("an idle replica is fresh at "+at, func() bool {
			return w.clock.FreshAsOf(1) >= now && w.clock.FreshAsOf(2) >= now
		})
	}
}

// fillPage writes a record that ends where its page does, more often than not.
func fillPage(t *testing.T, conn talker) string {
	emit := func(n freshness.LSN) freshness.LSN {
		conn.run(fmt.Sprintf("SELECT pg_logical_emit_message(false, '', repeat('x', %d))", n))
		return position(t, conn.run("SELECT pg_current_wal_insert_lsn()"))
	}
	before := emit(300)
	after := emit(300)
	overhead := after - before - 300
	if room := defaultWalPage - after%defaultWalPage; room > overhead+300 {
		after = emit(room - overhead)
	}
	return after.String()
}

func position(t *testing.T, s string) freshness.LSN {
	t.Helper()
	at, err := freshness.ParseLSN(s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A token made from a write's acknowledgement is covered where the write is
// visible, and only there.
func tokenAcross(t *testing.T, pg *testpg.Cluster) {
	here, there := watchCluster(t, pg, nil), watchCluster(t, pg, nil)
	for _, w := range []*watched{here, there} {
		w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	}
	exec(t, pg.Primary, "CREATE TABLE handed_over (n int)")
	wrote := freshness.Now()
	if err := here.SampleNow(deadline(t)); err != nil {
		t.Fatal(err)
	}
	token, ok := here.clock.TokenOf(wrote)
	if !ok {
		t.Fatal("sampled, and there is no token")
	}
	token, err := freshness.ParseToken(token.String())
	if err != nil {
		t.Fatal(err)
	}
	as := there.clock.AsOf(token, freshness.Now())
	there.WriteSeen()
	if !there.clock.Wait(deadline(t), as, generous, func(n int) bool { return n == 2 }) {
		t.Fatalf("no replica covers %s", token)
	}
	if v, err := pg.Replicas[1].Value(deadline(t), "SELECT count(*) FROM handed_over"); err != nil || v != "0" {
		t.Errorf("the table is not there: %q, %v", v, err)
	}
}

// A connection that an administrator ended says nothing about its server.
func keptConnectionEnds(t *testing.T, pg *testpg.Cluster) {
	w := watchCluster(t, pg, func(o *Options) { o.Interval = 50 * time.Millisecond })
	w.until("all have their places", func() bool { return w.primaryIs(0)() && w.Readers() == 0b110 })
	exec(t, pg.Primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%role%' AND pid <> pg_backend_pid()")
	before := w.probed(0)
	w.until("it was asked again", func() bool { return w.probed(0) > before })
	if w.log.count(PrimaryLost, 0) > 0 {
		t.Error("the primary was lost for one connection")
	}
}

// probed is when the last probe of a node that ended was sent.
func (w *watched) probed(node int) freshness.Instant {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Watcher.nodes[node].asked
}

func exec(t *testing.T, n *testpg.Node, sql string) {
	t.Helper()
	if err := n.Exec(deadline(t), sql); err != nil {
		t.Fatal(err)
	}
}

// talker is a connection for statements of one value.
type talker struct {
	t    *testing.T
	conn *pgconn.PgConn
}

func open(t *testing.T, n *testpg.Node) talker {
	conn, err := pgconn.Connect(deadline(t), n.SuperuserURL("app"))
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return talker{t, conn}
}

func (c talker) run(sql string) string {
	results, err := c.conn.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		c.t.Error(fmt.Errorf("%s: %w", sql, err))
		return ""
	}
	if len(results) == 0 || len(results[0].Rows) == 0 {
		return ""
	}
	return string(results[0].Rows[0][0])
}
