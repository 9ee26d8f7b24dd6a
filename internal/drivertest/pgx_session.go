package drivertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func pgxSettings(t *testing.T, target Target) {
	var wg sync.WaitGroup
	for i, zone := range zones {
		app, work := fmt.Sprintf("pgx %d", i), fmt.Sprintf("%dMB", i+1)
		conn := pgxConnect(t, target, "application_name="+app, "search_path=path_"+fmt.Sprint(i), "options=-c work_mem="+work)
		wg.Go(func() {
			if _, err := conn.Exec(t.Context(), "set timezone = '"+zone+"'"); err != nil {
				t.Error(err)
				return
			}
			want := [4]string{zone, fmt.Sprintf("path_%d", i), app, work}
			for range 200 {
				var got [4]string
				err := conn.QueryRow(t.Context(), `select current_setting('timezone'), current_setting('search_path'),
					current_setting('application_name'), current_setting('work_mem')`).Scan(&got[0], &got[1], &got[2], &got[3])
				if err != nil || got != want {
					t.Errorf("settings: got %v, %v, want %v", got, err, want)
					return
				}
			}
			same(t, "parameter status", conn.PgConn().ParameterStatus("TimeZone"), zone)
		})
	}
	wg.Wait()
}

func pgxSession(t *testing.T, target Target) {
	a, b, ctx := pgxConnect(t, target), pgxConnect(t, target), background(t)
	pgxExec(t, a, "create temp table t as select 1 as i")
	_, err := b.Exec(ctx, "select * from t")
	refused(t, "temp table of another", err, "42P01")
	for range 20 {
		same(t, "temp table", value[int](t, a, "select count(*) from t"), 1)
		same(t, "other client", value[int](t, b, "select 1"), 1)
	}
	pgxExec(t, a, "drop table t")
	key := time.Now().UnixNano()
	same(t, "lock", value[bool](t, a, "select pg_try_advisory_lock($1)", key), true)
	same(t, "locked", value[bool](t, b, "select pg_try_advisory_lock($1)", key), false)
	same(t, "unlock", value[bool](t, a, "select pg_advisory_unlock($1)", key), true)
	channel := name("chan")
	pgxExec(t, a, "listen "+channel)
	for i := range 5 {
		pgxExec(t, b, "select pg_notify($1, $2)", channel, fmt.Sprint(i))
	}
	for i := range 5 {
		n, err := a.WaitForNotification(ctx)
		must(t, "notification", err)
		same(t, "notification", n.Payload, fmt.Sprint(i))
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := a.WaitForNotification(short); err == nil {
		t.Error("a notification that nobody sent")
	}
	pgxExec(t, a, "unlisten *")
	var oid uint32
	err = pgx.BeginFunc(ctx, a, func(tx pgx.Tx) error {
		lobs := tx.LargeObjects()
		oid, err = lobs.Create(ctx, 0)
		must(t, "large object", err)
		lob, err := lobs.Open(ctx, oid, pgx.LargeObjectModeWrite|pgx.LargeObjectModeRead)
		must(t, "open", err)
		_, err = lob.Write(make([]byte, 100000))
		must(t, "write", err)
		return lobs.Unlink(ctx, oid)
	})
	must(t, "large object", err)
}
