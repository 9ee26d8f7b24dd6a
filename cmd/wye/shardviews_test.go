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
	t.Parallel()
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

// TestDrift: what is made behind wye's back on one shard is found, and shown
// until the shards are alike again.
func TestDrift(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	ops, conn := openConsole(t, addr, "ops"), connect(t, dsn(addr))
	ctx := soon(t, 60*time.Second)
	second := list[1].Primary
	behind := func(sql string) {
		t.Helper()
		if err := second.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
		must(t, conn, "COMMENT ON TABLE users IS 'x'") // has the catalogs read, which else are twice a minute
	}
	if rows := ops.show("DRIFT"); len(rows) != 0 {
		t.Errorf("shards that are alike have SHOW DRIFT say %v", rows)
	}
	behind("ALTER TABLE users ADD COLUMN nick text")
	eventually(t, "SHOW DRIFT to have a column", func() bool {
		rows := ops.show("DRIFT")
		return len(rows) == 1 && rows[0]["cluster"] == "app" && rows[0]["shard"] == "s1" && rows[0]["object"] == "public.users" &&
			rows[0]["what"] == `column "nick"` && rows[0]["lead"] == "" && rows[0]["here"] == "text"
	})
	behind("ALTER TABLE users DROP COLUMN nick; DROP TABLE countries CASCADE")
	eventually(t, "SHOW DRIFT to miss a reference table", func() bool {
		rows := ops.show("DRIFT")
		return len(rows) == 1 && rows[0]["object"] == "public.countries" && rows[0]["what"] == "" && rows[0]["lead"] == "table" && rows[0]["here"] == ""
	})
}

// prepareBy leaves a prepared transaction of app's on a server.
func prepareBy(t *testing.T, c *testpg.Cluster, gid string) {
	t.Helper()
	ctx := soon(t, generous)
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
