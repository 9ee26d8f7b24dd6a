package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplay: the share of a file's statements that concern one shard, and
// `wye explain`'s plan of one, from a configuration and its lead shard.
func TestReplay(t *testing.T) {
	t.Parallel()
	list, _, addr := sharded(t, 2, "")
	_ = connect(t, dsn(addr))
	dir := t.TempDir()
	cfg, file := filepath.Join(dir, "wye.yaml"), filepath.Join(dir, "log.sql")
	text := strings.NewReplacer("127.0.0.1:0", "127.0.0.1:6432").Replace(shardConfig(list, ""))
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := "-- a comment\nSELECT * FROM users WHERE id = 1;\nSELECT name\nFROM users WHERE id = 2;\nSELECT count(*) FROM users;\n" +
		"UPDATE users SET balance = 0;\nVACUUM users;\n"
	if err := os.WriteFile(file, []byte(log), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runWye("replay", "--config", cfg, file)
	for _, want := range []string{"5 statements", "2  40.0 %  one shard", "1  20.0 %  several shards, tier B", "1  20.0 %  written on several shards", "1  20.0 %  refused", "VACUUM"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %d\n%s%s", want, code, out, errs)
		}
	}
	code, out, errs = runWye("explain", "--config", cfg, "SELECT country, count(*) FROM users GROUP BY country")
	if code != exitOK || !strings.HasPrefix(out, "scatter  tier B") || !strings.Contains(out, "fold     ") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, errs = runWye("explain", "--config", cfg, "SELECT * FROM users WHERE id = 1")
	if code != exitOK || !strings.HasPrefix(out, "shard    s") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}
