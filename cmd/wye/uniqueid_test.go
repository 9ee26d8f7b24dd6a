package main

import (
	"strconv"
	"strings"
	"testing"
)

// TestUniqueIDs: a column's default, a call in VALUES and a call by itself
// give numbers through wye that no shard gives twice.
func TestUniqueIDs(t *testing.T) {
	t.Parallel()
	_, _, addr := sharded(t, 2, "")
	conn := connect(t, dsn(addr))
	must(t, conn, "ALTER TABLE orders ADD COLUMN tag bigint DEFAULT wye.unique_id()")
	var defaults, given []string
	for _, id := range strings.Fields(strings.Repeat("1 2 3 4 5 6 7 8 ", 8)) {
		n := len(defaults)
		defaults = append(defaults, "("+id+", "+strconv.Itoa(n)+", 1)")
		given = append(given, "("+id+", "+strconv.Itoa(1000+n)+", 1, wye.unique_id())")
	}
	must(t, conn, "INSERT INTO orders (user_id, id, total) VALUES "+strings.Join(defaults, ", "))
	must(t, conn, "INSERT INTO orders (user_id, id, total, tag) VALUES "+strings.Join(given, ", "))
	results, err := conn.Exec(soon(t, generous), "SELECT tag FROM orders").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen, shards := map[string]bool{}, map[string]bool{}
	for _, row := range results[0].Rows {
		seen[string(row[0])] = true
	}
	before := int64(0)
	for range 20 {
		results, err := conn.Exec(soon(t, generous), "SELECT wye.unique_id() AS id, wye.unique_id() & 127 AS shard").ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		id := results[0].Rows[0][0]
		seen[string(id)], shards[string(results[0].Rows[0][1])] = true, true
		if now, err := strconv.ParseInt(string(id), 10, 64); err != nil || now <= before {
			t.Errorf("%d after %d", now, before)
		} else {
			before = now
		}
	}
	if len(seen) != 64+64+20 || len(shards) != 1 || !shards["0"] {
		t.Errorf("%d different ids, want 148; those by themselves are of shards %v", len(seen), shards)
	}
}
