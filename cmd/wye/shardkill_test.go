package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestShardKilled: transfers between accounts of two shards go on while the
// one and the other is killed and comes back. Money is neither made nor lost,
// and nothing stays prepared. WYE_SHARD_KILLS sets how often.
func TestShardKilled(t *testing.T) {
	t.Parallel()
	kills := 2
	if n, err := strconv.Atoi(os.Getenv("WYE_SHARD_KILLS")); err == nil {
		kills = n
	}
	list, _, addr := sharded(t, 2, "    pool: {queue_timeout: 2s, login_retry: 50ms}\n    failover: {buffer: {window: 1s}}\n")
	conn := connect(t, dsn(addr))
	fillUsers(t, conn, 40)
	total := must(t, conn, "SELECT sum(balance) FROM users")

	var committed, failed, unknown atomic.Int64
	ctx, stop := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	for i := range 6 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			moveMoney(ctx, addr, rand.New(rand.NewPCG(uint64(i), 1)), &committed, &failed, &unknown)
		}()
	}
	for k := range kills {
		time.Sleep(300 * time.Millisecond)
		p := list[k%2].Primary
		p.Kill()
		time.Sleep(100 * time.Millisecond)
		if err := p.Restart(soon(t, 30*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(500 * time.Millisecond)
	stop()
	clients.Wait()
	for i, c := range list {
		eventually(t, fmt.Sprintf("shard %d has nothing prepared", i), func() bool {
			return asSuperuser(t, c, "SELECT count(*) FROM pg_prepared_xacts") == "0"
		})
	}
	eventually(t, "the sum can be asked", func() bool { _, err := run(conn, "SELECT 1 FROM users"); return err == nil || conn.IsClosed() })
	again := connect(t, dsn(addr))
	if got := must(t, again, "SELECT sum(balance) FROM users"); got != total {
		t.Errorf("the sum was %s and is %s", total, got)
	}
	t.Logf("%d transfers committed, %d failed, %d unknown, over %d kills", committed.Load(), failed.Load(), unknown.Load(), kills)
	if committed.Load() == 0 {
		t.Error("no transfer was committed")
	}
}

// moveMoney moves money between two random accounts, in order of their ids so
// that no two wait for each other, until ctx ends.
func moveMoney(ctx context.Context, addr string, random *rand.Rand, committed, failed, unknown *atomic.Int64) {
	var conn *pgconn.PgConn
	for ctx.Err() == nil {
		if conn == nil || conn.IsClosed() {
			c, err := pgconn.Connect(ctx, dsn(addr))
			if err != nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			conn = c
		}
		a, b := 1+random.IntN(40), 1+random.IntN(40)
		if a == b {
			continue
		}
		one, limit := context.WithTimeout(context.Background(), 20*time.Second)
		var err error
		for _, sql := range []string{
			"BEGIN", fmt.Sprintf("UPDATE users SET balance = balance - 1 WHERE id = %d", min(a, b)),
			fmt.Sprintf("UPDATE users SET balance = balance + 1 WHERE id = %d", max(a, b)), "COMMIT",
		} {
			if _, err = conn.Exec(one, sql).ReadAll(); err != nil {
				break
			}
		}
		var e *pgconn.PgError
		switch {
		case err == nil:
			committed.Add(1)
		case errors.As(err, &e) && e.Code == "08007":
			unknown.Add(1)
		default:
			failed.Add(1)
		}
		if err != nil && !conn.IsClosed() {
			if _, err := conn.Exec(one, "ROLLBACK").ReadAll(); err != nil {
				_ = conn.Close(one)
			}
		}
		limit()
	}
	if conn != nil {
		_ = conn.Close(context.Background())
	}
}
