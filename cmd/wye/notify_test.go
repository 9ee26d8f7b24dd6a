package main

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A client that listens gets every notification, in order, also those that
// come while wye asks the server something of its own between its statements.
func TestEveryNotification(t *testing.T) {
	const total = 400
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	config, err := pgconn.ParseConfig(dsn(addr))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	config.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) { got = append(got, n.Payload) }
	listener, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close(t.Context())
	must(t, listener, "listen every_one")

	speaker := connect(t, dsn(addr))
	var speaking sync.WaitGroup
	speaking.Go(func() {
		for i := range total {
			if _, err := run(speaker, fmt.Sprintf("notify every_one, '%d'", i)); err != nil {
				t.Error(err)
			}
		}
	})
	for deadline := time.Now().Add(20 * time.Second); len(got) < total && time.Now().Before(deadline); {
		// What it did to the session is asked for before it is told so.
		must(t, listener, "select set_config('work_mem', '5MB', false), pg_advisory_lock(1), pg_advisory_unlock(1)")
	}
	speaking.Wait()
	if len(got) != total {
		t.Fatalf("%d of %d notifications", len(got), total)
	}
	for i, payload := range got {
		if payload != fmt.Sprint(i) {
			t.Fatalf("notification %d is %s", i, payload)
		}
	}
}
