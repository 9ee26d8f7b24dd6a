package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// shardFigures are the sizes of TestShardFigures: WYE_SHARD_FIGURES=1 takes the
// large ones and prints what was measured; with groups it is that part only.
type shardFigures struct {
	few, many, reps int // rows per shard of either table, repetitions
	print           bool
}

func figuresWanted() shardFigures {
	switch os.Getenv("WYE_SHARD_FIGURES") {
	case "":
	case "groups":
		return shardFigures{few: 1000, many: 10, reps: 401, print: true}
	default:
		return shardFigures{few: 1000, many: 1_000_000, reps: 101, print: true}
	}
	return shardFigures{few: 200, many: 5000, reps: 3}
}

// TestShardFigures measures what it costs to put together what four shards
// say. The reference are the same shards, asked by themselves at the same
// time: they share the machine as they do behind wye.
func TestShardFigures(t *testing.T) {
	f := figuresWanted()
	list, _, addr := sharded(t, 4, "")
	conn := connect(t, dsn(addr))
	direct := make([]*pgconn.PgConn, len(list))
	for i, c := range list {
		direct[i] = connect(t, c.Primary.URL("app", "app"))
	}
	at := make([]time.Duration, len(direct))
	together := func(sql func(i int) string) time.Duration {
		var all sync.WaitGroup
		for i, c := range direct {
			all.Go(func() {
				begun := time.Now()
				if err := passBy(c, sql(i)); err != nil {
					t.Error(err)
				}
				at[i] = time.Since(begun)
			})
		}
		all.Wait()
		return slices.Max(at)
	}
	// Where a row is does not matter to statements that ask all shards.
	together(func(i int) string {
		return fmt.Sprintf("INSERT INTO users SELECT 4*n + %d, 'user', n %% 100, n FROM generate_series(1, %d) n; INSERT INTO orders SELECT n::bigint * 7919 %% 1000003, 4*n + %d FROM generate_series(1, %d) n", i, f.few, i, f.many)
	})
	for _, c := range list {
		superuser(t, c, "VACUUM ANALYZE")
	}
	if n := must(t, conn, "SELECT count(*) FROM orders"); n != fmt.Sprint(4*f.many) {
		t.Fatalf("%s rows", n)
	}
	f.group(t, conn, together)
	if f.many < f.few {
		return
	}
	f.order(t, "", conn, direct[0], together)
	f.stream(t, conn)
	// With an index a shard has next to nothing to do, and four of them do not
	// wait for the same CPUs: what is left is what wye does.
	for _, c := range list {
		superuser(t, c, "CREATE INDEX ON orders (id, user_id)")
		superuser(t, c, "VACUUM ANALYZE orders")
	}
	f.order(t, " by an index", conn, direct[0], together)
}

// group is count(*) in 100 groups, from 100 rows of each shard: all texts
// alike, and each with another literal; folded, and put together by a combine
// query.
func (f shardFigures) group(t *testing.T, conn *pgconn.PgConn, together func(func(int) string) time.Duration) {
	for _, c := range []struct{ name, sql string }{
		{"count", "SELECT count(*) FROM users"},
		{"count by group", "SELECT country, count(*) FROM users GROUP BY country"},
		{"count by group, combined", "SELECT country, count(*) FROM users GROUP BY country HAVING count(*) > 0.5"},
		{"count by group, other literals", "SELECT country, count(*) FROM users WHERE balance > -%d GROUP BY country"},
		{"count by group, combined, other literals", "SELECT country, count(*) FROM users WHERE balance > -%d GROUP BY country HAVING count(*) > 0.5"},
	} {
		var ours, theirs, over []time.Duration
		for rep := range f.reps + 3 {
			sql := c.sql
			if strings.Contains(sql, "%d") {
				sql = fmt.Sprintf(c.sql, rep+1)
			}
			shards := together(func(int) string { return sql })
			begun := time.Now()
			rows, err := run(conn, sql)
			if err != nil || c.name != "count" && len(rows) != 100 {
				t.Fatalf("%s: %d rows, %v", sql, len(rows), err)
			}
			if took := time.Since(begun); rep >= 3 { // the first ones warm up
				ours, theirs, over = append(ours, took), append(theirs, shards), append(over, took-shards)
			}
		}
		f.say("%s: wye %v, slowest shard %v, difference %v (goal 500µs)", c.name, median(ours), median(theirs), median(over))
	}
}

// order is a sorted read of the first 100 rows of all.
func (f shardFigures) order(t *testing.T, how string, conn, one *pgconn.PgConn, together func(func(int) string) time.Duration) {
	const sql = "SELECT id, user_id FROM orders ORDER BY id, user_id LIMIT 100"
	var ours, alone, all []time.Duration
	for rep := range f.reps/8 + 3 {
		begun := time.Now()
		if err := passBy(one, sql); err != nil {
			t.Fatal(err)
		}
		single := time.Since(begun)
		shards := together(func(int) string { return sql })
		begun = time.Now()
		if err := passBy(conn, sql); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); rep >= 2 {
			ours, alone, all = append(ours, took), append(alone, single), append(all, shards)
		}
	}
	f.say("order by limit 100%s of 4 x %d rows: wye %v, one shard alone %v (%.2f times), the shards at the same time %v (%.2f times)", how, f.many,
		median(ours), median(alone), ratioOf(ours, alone), median(all), ratioOf(ours, all))
}

// stream reads all rows in order, and watches the heap of this process, in
// which wye runs.
func (f shardFigures) stream(t *testing.T, conn *pgconn.PgConn) {
	const most = 16 << 20
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	begun := time.Now()
	err := passBy(conn, "SELECT id, user_id FROM orders ORDER BY id, user_id")
	took := time.Since(begun)
	close(done)
	<-gone
	if err != nil {
		t.Fatal(err)
	}
	grown := int64(peak) - int64(before)
	f.say("order by of 4 x %d rows, all of them: %v, the heap grew by %.1f MiB at most (goal 16 MiB)", f.many, took.Round(time.Millisecond), float64(grown)/(1<<20))
	if grown > most {
		t.Errorf("the heap grew by %d bytes, at most %d are allowed", grown, most)
	}
}

// passBy runs a statement and lets its rows go by.
func passBy(conn *pgconn.PgConn, sql string) error {
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	results := conn.Exec(ctx, sql)
	for results.NextResult() {
		r := results.ResultReader()
		for r.NextRow() {
		}
		if _, err := r.Close(); err != nil {
			return err
		}
	}
	return results.Close()
}

func (f shardFigures) say(format string, args ...any) {
	if f.print {
		fmt.Printf("figure: "+format+"\n", args...)
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2].Round(time.Microsecond)
}

// ratioOf is the median of the ratios within the repetitions.
func ratioOf(of, to []time.Duration) float64 {
	r := make([]float64, len(of))
	for i := range of {
		r[i] = float64(of[i]) / float64(to[i])
	}
	slices.Sort(r)
	return r[len(r)/2]
}
