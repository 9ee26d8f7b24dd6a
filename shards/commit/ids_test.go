package commit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestAMillionIDs: a million ids of four shards, by four sessions on each, are
// all different, and rise in each session.
func TestAMillionIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t, 4, map[string]string{"fsync": "off"})
	const sessions, each = 4, 62500
	lists := make([][]int64, len(r.shards)*sessions)
	var all sync.WaitGroup
	for i := range lists {
		all.Add(1)
		go func() {
			defer all.Done()
			lists[i] = takeIDs(t, r.app[i%len(r.shards)], each)
		}()
	}
	all.Wait()
	var ids []int64
	for i, list := range lists {
		if len(list) != each || !slices.IsSorted(list) {
			t.Errorf("session %d: %d ids, rising %v", i, len(list), slices.IsSorted(list))
		}
		ids = append(ids, list...)
	}
	wantDifferent(t, ids, len(lists)*each)
}

// TestUniqueIDsAfterCrash: a shard that is killed while ids are taken, each
// told to a client by a transaction of its own, gives none of them again.
func TestUniqueIDsAfterCrash(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	const enough = 300 // before the shard is killed
	var ids []int64
	for range 3 {
		var taken sync.WaitGroup
		var mu sync.Mutex
		var soFar atomic.Int64
		for range 4 {
			taken.Add(1)
			go func() {
				defer taken.Done()
				mine := untilLost(t, r.app[0], &soFar)
				mu.Lock()
				defer mu.Unlock()
				ids = append(ids, mine...)
			}()
		}
		for begun := time.Now(); soFar.Load() < enough && time.Since(begun) < 30*time.Second; {
			time.Sleep(time.Millisecond)
		}
		r.shards[0].Primary.Kill()
		taken.Wait()
		r.restart(0)
		ids = append(ids, takeIDs(t, r.app[0], 200)...)
	}
	if len(ids) < 3*enough {
		t.Errorf("only %d ids were taken", len(ids))
	}
	wantDifferent(t, ids, len(ids))
}

// TestUniqueIDsAfterPromotion: a standby that does not have the last of its
// primary's WAL gives none of the ids that the primary gave.
func TestUniqueIDsAfterPromotion(t *testing.T) {
	c := testpg.Start(t, testpg.Options{Name: "ids", Replicas: 1})
	ctx := ctxOf(t)
	conn, err := pgconn.Connect(ctx, c.Primary.SuperuserURL("app"))
	must(t, err)
	must(t, Setup(ctx, &pgWire{c: conn}, "ids", 5))
	ids := takeIDs(t, c.Primary.URL("app", "app"), 100)
	must(t, c.Replicas[0].WaitCaughtUp(ctx, c.Primary))
	must(t, c.Replicas[0].Exec(ctx, "ALTER SYSTEM SET primary_conninfo = ''"))
	must(t, c.Replicas[0].Exec(ctx, "SELECT pg_reload_conf()"))
	for {
		left, err := c.Primary.Value(ctx, "SELECT count(*) FROM pg_stat_replication")
		must(t, err)
		if left == "0" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	ids = append(ids, takeIDs(t, c.Primary.URL("app", "app"), 100)...)
	c.Primary.Kill()
	must(t, c.Replicas[0].Promote(ctx))
	ids = append(ids, takeIDs(t, c.Replicas[0].URL("app", "app"), 300)...)
	wantDifferent(t, ids, 500)
	if last, first := ids[199]>>7&(1<<45-1), ids[200]>>7&(1<<45-1); first > last {
		t.Errorf("the standby had all of the sequence: it went on with %d after %d", first, last)
	}
	if first, last := ids[0], ids[499]; first&127 != 5 || last&127 != 5 || first>>52 != 0 || last>>52 != 1 {
		t.Errorf("ids are from %#x to %#x, want shard 5, timelines 0 and 1", first, last)
	}
}

// TestUniqueIDRefused: a database that is two shards has no number.
func TestUniqueIDRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, nil)
	conn := r.dialAdmin(0)
	defer conn.Close()
	must(t, Setup(ctxOf(t), conn, "other", 1))
	app, err := pgconn.Connect(ctxOf(t), r.app[0])
	must(t, err)
	_, err = app.Exec(ctxOf(t), "SELECT wye.unique_id()").ReadAll()
	if said := new(pgconn.PgError); err == nil || !errors.As(err, &said) || said.Code != "55000" {
		t.Errorf("said %v, want 55000", err)
	}
	if _, err := app.Exec(ctxOf(t), "SELECT nextval('wye.ids')").ReadAll(); err == nil {
		t.Error("everybody may take from the sequence")
	}
}

func takeIDs(t *testing.T, url string, n int) []int64 {
	ctx := ctxOf(t)
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, fmt.Sprintf("SELECT wye.unique_id() FROM generate_series(1, %d)", n)).ReadAll()
	if err != nil {
		t.Error(err)
		return nil
	}
	return idsOf(t, results[0].Rows)
}

// untilLost takes ids one by one until the server is gone.
func untilLost(t *testing.T, url string, soFar *atomic.Int64) (ids []int64) {
	ctx := ctxOf(t)
	conn, err := pgconn.Connect(ctx, url)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer conn.Close(context.Background())
	for {
		results, err := conn.Exec(ctx, "SELECT wye.unique_id()").ReadAll()
		if err != nil {
			return ids
		}
		ids = append(ids, idsOf(t, results[0].Rows)...)
		soFar.Add(1)
	}
}

func idsOf(t *testing.T, rows [][][]byte) (ids []int64) {
	for _, row := range rows {
		id, err := strconv.ParseInt(string(row[0]), 10, 64)
		if err != nil || id <= 0 {
			t.Errorf("id %q: %v", row[0], err)
		}
		ids = append(ids, id)
	}
	return ids
}

func wantDifferent(t *testing.T, ids []int64, n int) {
	t.Helper()
	got := slices.Clone(ids)
	slices.Sort(got)
	if d := len(slices.Compact(got)); d != n {
		t.Errorf("%d different ids of %d, want %d", d, len(ids), n)
	}
}
