package main

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestShardViews: SHOW SHARDS says which shard cannot serve, and SHOW IN_DOUBT
// what stays prepared.
func TestShardViews(t *testing.T) {
	list, _, addr := sharded(t, 2, "")
	ops := openConsole(t, addr, "ops")
	for k, row := range ops.show("SHARDS") {
		if row["cluster"] != "app" || row["shard"] != []string{"s0", "s1"}[k] || row["primary"] != list[k].Primary.Addr() || row["replicas"] != "0" || row["ready"] != "yes" {
			t.Errorf("SHOW SHARDS says %v", row)
		}
	}
	// Its decider is shard 9, which there is not: nobody can finish it.
	stranger := "wye:app:9:1:" + strings.Repeat("0", 32) + ":1"
	prepareBy(t, list[1], stranger)
	var rows []map[string]string
	eventually(t, "SHOW IN_DOUBT to have "+stranger, func() bool {
		rows = ops.show("IN_DOUBT")
		return len(rows) == 1 && rows[0]["gid"] == stranger // it was not seen before the shard was made ready
	})
	if r := rows[0]; r["gid"] != stranger || r["shard"] != "s1" || r["decider"] != "#9" || r["owner"] != "app" || r["state"] != "stranger" || r["why"] == "" {
		t.Errorf("SHOW IN_DOUBT says %v", r)
	}
	list[1].Primary.Kill()
	eventually(t, "SHOW SHARDS to miss a primary", func() bool {
		rows := ops.show("SHARDS")
		return len(rows) == 2 && rows[0]["ready"] == "yes" && rows[1]["ready"] == "no" && rows[1]["why"] != ""
	})
	eventually(t, "SHOW IN_DOUBT to say that a shard is not seen", func() bool {
		for _, r := range ops.show("IN_DOUBT") {
			if r["state"] == "unseen" && r["shard"] == "s1" && r["why"] != "" {
				return true
			}
		}
		return false
	})
}

// prepareBy leaves a prepared transaction of app's on a server.
func prepareBy(t *testing.T, c *testpg.Cluster, gid string) {
	t.Helper()
	ctx := soon(t, 10*time.Second)
	conn, err := pgconn.Connect(ctx, c.Primary.URL("app", c.Database))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, sql := range []string{"BEGIN", "UPDATE public.users SET balance = 0", "PREPARE TRANSACTION '" + gid + "'"} {
		if err := do(ctx, conn, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}
