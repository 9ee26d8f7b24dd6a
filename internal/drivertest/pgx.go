package drivertest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// PGX runs github.com/jackc/pgx/v5 in each of its query modes.
func PGX(t *testing.T, target Target) {
	modes := map[string]pgx.QueryExecMode{
		"cache statement": pgx.QueryExecModeCacheStatement, "cache describe": pgx.QueryExecModeCacheDescribe,
		"describe exec": pgx.QueryExecModeDescribeExec, "exec": pgx.QueryExecModeExec, "simple": pgx.QueryExecModeSimpleProtocol,
	}
	for label, mode := range modes {
		t.Run(label, func(t *testing.T) { pgxMode(t, target, mode) })
	}
	t.Run("transactions", func(t *testing.T) { pgxTransactions(t, target) })
	t.Run("settings", func(t *testing.T) { pgxSettings(t, target) })
	t.Run("session", func(t *testing.T) { pgxSession(t, target) })
	t.Run("copy", func(t *testing.T) { pgxCopy(t, target) })
	t.Run("pipeline", func(t *testing.T) { pgxPipeline(t, target) })
	t.Run("cancel", func(t *testing.T) { pgxCancel(t, target) })
	t.Run("pool", func(t *testing.T) { pgxPool(t, target) })
}

func pgxConnect(t *testing.T, target Target, params ...string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), target.URL(params...))
	must(t, "connect", err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func value[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%.80s: %v", sql, err)
	}
	return v
}

func pgxExec(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	_, err := conn.Exec(t.Context(), sql, args...)
	must(t, sql, err)
}

func pgxMode(t *testing.T, target Target, mode pgx.QueryExecMode) {
	cfg, err := pgx.ParseConfig(target.URL())
	must(t, "config", err)
	cfg.DefaultQueryExecMode, cfg.StatementCacheCapacity, cfg.DescriptionCacheCapacity = mode, 20, 20
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	must(t, "connect", err)
	defer conn.Close(t.Context())
	for i := range 200 {
		same(t, "number", value[int](t, conn, "select $1::int + 1", i), i+1)
		same(t, "text", value[string](t, conn, fmt.Sprintf("select $1::text || '%d'", i%40), "it's "), fmt.Sprintf("it's %d", i%40))
	}
	batch := &pgx.Batch{}
	for i := range 300 {
		batch.Queue(fmt.Sprintf("select $1::int, %d", i%30), i)
	}
	results := conn.SendBatch(t.Context(), batch)
	for i := range 300 {
		var n, m int
		must(t, "batch", results.QueryRow().Scan(&n, &m))
		same(t, "batch", n, i)
	}
	must(t, "end of batch", results.Close())
	same(t, "big", len(value[string](t, conn, "select $1::text || 'x'", strings.Repeat("y", 5_000_000))), 5_000_001)
	rows, err := conn.Query(t.Context(), "select g, md5(g::text) from generate_series(1, 30000) g")
	must(t, "rows", err)
	n := 0
	for rows.Next() {
		n++
	}
	same(t, "many rows", n, 30000)
	_, err = conn.Exec(t.Context(), "select 1/$1::int", 0)
	refused(t, "division", err, "22012")
	_, err = conn.Exec(t.Context(), "selec")
	refused(t, "syntax", err, "42601")
	same(t, "goes on", value[int](t, conn, "select 7"), 7)
}

func pgxTransactions(t *testing.T, target Target) {
	conn, table, ctx := pgxConnect(t, target), name("tx"), background(t)
	pgxExec(t, conn, "create table "+table+" (i int primary key)")
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly})
	must(t, "begin", err)
	same(t, "isolation", value[string](t, conn, "show transaction_isolation"), "serializable")
	_, err = tx.Exec(ctx, "insert into "+table+" values (1)")
	refused(t, "read only", err, "25006")
	_, err = tx.Exec(ctx, "select 1")
	refused(t, "failed transaction", err, "25P02")
	same(t, "commit of a failed one", tx.Commit(ctx), pgx.ErrTxCommitRollback)
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "insert into "+table+" values (1)")
		must(t, "insert", err)
		err = pgx.BeginFunc(ctx, tx, func(inner pgx.Tx) error {
			_, err := inner.Exec(ctx, "insert into "+table+" values (1)")
			return err
		})
		refused(t, "duplicate in a savepoint", err, "23505")
		_, err = tx.Exec(ctx, "insert into "+table+" values (2)")
		return err
	})
	must(t, "commit", err)
	same(t, "kept", value[int](t, conn, "select count(*) from "+table), 2)
	value[string](t, conn, "select coalesce((select t::text from "+table+" t limit 1), '')")
	pgxExec(t, conn, "select * from "+table)
	pgxExec(t, conn, "alter table "+table+" add column c int")
	rows, err := conn.Query(ctx, "select * from "+table)
	must(t, "after a change", err)
	if rows.Close(); rows.Err() != nil { // pgx drops its stale statement; the next use must be well
		refused(t, "after a change", rows.Err(), "0A000")
	}
	pgxExec(t, conn, "select * from "+table)
	pgxExec(t, conn, "drop table "+table)
}

func pgxCopy(t *testing.T, target Target) {
	conn, table, ctx := pgxConnect(t, target), name("copy"), background(t)
	pgxExec(t, conn, "create table "+table+" (i int, t text)")
	n, err := conn.CopyFrom(ctx, pgx.Identifier{table}, []string{"i", "t"}, pgx.CopyFromSlice(20000, func(i int) ([]any, error) {
		return []any{i, fmt.Sprintf("row %d", i)}, nil
	}))
	must(t, "copy", err)
	same(t, "copied", n, int64(20000))
	_, err = conn.CopyFrom(ctx, pgx.Identifier{table}, []string{"i"}, pgx.CopyFromSlice(10, func(i int) ([]any, error) {
		if i == 5 {
			return nil, fmt.Errorf("changed my mind")
		}
		return []any{i}, nil
	}))
	if err == nil {
		t.Error("a given up copy went through")
	}
	var out strings.Builder
	tag, err := conn.PgConn().CopyTo(ctx, &out, "copy "+table+" to stdout")
	must(t, "copy out", err)
	same(t, "copied out", tag.RowsAffected(), int64(20000))
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader("x\ty\n"), "copy "+table+" from stdin")
	refused(t, "bad row", err, "22P02")
	pgxExec(t, conn, "drop table "+table)
}

func pgxPipeline(t *testing.T, target Target) {
	conn, ctx := pgxConnect(t, target), background(t)
	p := conn.PgConn().StartPipeline(ctx)
	p.SendPrepare("pipelined", "select $1::int", nil)
	for i := range 100 {
		p.SendQueryPrepared("pipelined", [][]byte{[]byte(fmt.Sprint(i))}, nil, nil)
		if i%10 == 9 {
			must(t, "sync", p.Sync())
		}
	}
	p.SendQueryParams("select 1/0", nil, nil, nil, nil)
	p.SendQueryParams("select 'skipped'", nil, nil, nil, nil)
	must(t, "sync", p.Sync())
	rows, syncs, faults := 0, 0, 0
	for syncs < 11 {
		r, err := p.GetResults()
		if err != nil {
			faults++
			refused(t, "in the pipeline", err, "22012")
			continue
		}
		switch r := r.(type) {
		case *pgconn.ResultReader:
			res := r.Read()
			if res.Err != nil {
				faults++
			} else {
				same(t, "row", string(res.Rows[0][0]), fmt.Sprint(rows))
				rows++
			}
		case *pgconn.PipelineSync:
			syncs++
		}
	}
	same(t, "rows, faults", [2]int{rows, faults}, [2]int{100, 1})
	must(t, "close", p.Close())
	same(t, "goes on", value[int](t, conn, "select 7"), 7)
}

func pgxCancel(t *testing.T, target Target) {
	conn := pgxConnect(t, target)
	time.AfterFunc(300*time.Millisecond, func() { _ = conn.PgConn().CancelRequest(context.Background()) })
	_, err := conn.Exec(t.Context(), "select pg_sleep(20)")
	refused(t, "cancelled", err, "57014")
	same(t, "still there", value[int](t, conn, "select 1"), 1)
}

func pgxPool(t *testing.T, target Target) {
	cfg, err := pgxpool.ParseConfig(target.URL("pool_max_conns=20"))
	must(t, "config", err)
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	must(t, "pool", err)
	defer pool.Close()
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			for n := range 50 {
				var got int
				if err := pool.QueryRow(t.Context(), "select $1::int * 1000 + $2::int", i, n).Scan(&got); err != nil || got != i*1000+n {
					t.Errorf("pool: %d, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}
