package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCheckConnect: wye check --connect finds no fault with shards that are
// alike, and says each that there is.
func TestCheckConnect(t *testing.T) {
	t.Parallel()
	list, _, _ := sharded(t, 2, "")
	file := filepath.Join(t.TempDir(), "wye.yaml")
	if err := os.WriteFile(file, []byte(shardConfig(list, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func() (code int, out, errs string) {
		var o, e strings.Builder
		code = dispatch([]string{"check", "--connect", file}, &o, &e)
		return code, o.String(), e.String()
	}
	var plain, complaints strings.Builder
	if code := dispatch([]string{"check", file}, &plain, &complaints); code != exitOK || !strings.Contains(plain.String(), "is right") {
		t.Errorf("without --connect it says %d %q %q", code, plain.String(), complaints.String())
	}
	if code, out, errs := check(); code != exitOK || !strings.Contains(out, "so are the servers") || errs != "" {
		t.Errorf("of what is right it says %d %q %q", code, out, errs)
	}
	ctx := soon(t, 30*time.Second)
	if err := list[1].Primary.Exec(ctx, "ALTER TABLE users DROP COLUMN country"); err != nil {
		t.Fatal(err)
	}
	const line = "cluster app, shard s1: public.users, column \"country\": here missing, on the lead shard text\n"
	if code, out, errs := check(); code != exitFailed || out != "" || errs != line {
		t.Errorf("of drift it says %d %q %q", code, out, errs)
	}
	if err := list[1].Primary.Exec(ctx, "ALTER SYSTEM SET max_prepared_transactions = 0"); err != nil {
		t.Fatal(err)
	}
	if err := list[1].Primary.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	list[0].Primary.Kill()
	code, _, errs := check()
	if code != exitFailed || !strings.Contains(errs, "shard s1: "+list[1].Primary.Addr()+": max_prepared_transactions") ||
		!strings.Contains(errs, "shard s0: 0 of its servers are primaries") {
		t.Errorf("of a dead shard and one that prepares nothing it says %d %q", code, errs)
	}
}
