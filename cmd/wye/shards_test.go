package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shardsFile is the sharded configuration of the goldens.
const shardsFile = "../../testdata/config/shards.yaml"

func shardsSays(t *testing.T, code int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := dispatch(append([]string{"shards"}, args...), &o, &e); got != code {
		t.Errorf("wye shards %v: exit code %d, not %d\n%s%s", args, got, code, o.String(), e.String())
	}
	return o.String(), e.String()
}

func wants(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, l := range lines {
		if !strings.Contains(text, l+"\n") {
			t.Errorf("no line %q in\n%s", l, text)
		}
	}
}

func TestShards(t *testing.T) {
	out, _ := shardsSays(t, exitOK, shardsFile)
	wants(t, out,
		"  s0  weight 1  127.0.0.1:5432, 127.0.0.1:5433",
		"map users: consistent_hash of int8, 4096 slots",
		"  s0  1365 slots  33.3 %  0-1364",
		"  s1  2731 slots  66.7 %  1365-4095",
		"  table public.orders by user_id",
		"  s1  101 slots  39.5 %  0-99,255",
		"  s0  below 2020-01-01",
		"  -   any other key is refused",
		"  s1  2024-02-01 00:00:00+00 up to infinity",
		`  s0  ""`, `  s1  "us"`, "  s1  all other keys",
		"table public.currencies: a copy on every shard",
		"table public.jobs: on s1 alone",
	)
	other, _ := shardsSays(t, exitOK, "--cluster", "two", shardsFile)
	wants(t, other, "  b  weight 1  unix:/run/b")
}

func TestShardsPlan(t *testing.T) {
	out, _ := shardsSays(t, exitOK, "plan", shardsFile, "--add", "s2", "--weight", "3", "--cluster", "shop")
	wants(t, out,
		"map users: 2048 of 4096 slots move, 50.0 % of the rows",
		"  s1 -> s2  1366 slots  33.3 %  2730-4095",
		"map years: nothing moves, as its keys are placed by name",
		"table public.currencies: a copy of all rows to s2",
		"clusters.shop.maps.pairs needs this placement then:",
		`  - {slots: [85-99, 143-255], shard: "s2"}`,
	)
	if strings.Contains(out, "s0 -> s1") || strings.Contains(out, "s1 -> s0") {
		t.Errorf("more moves than to the new shard:\n%s", out)
	}

	out, _ = shardsSays(t, exitOK, "plan", "--remove", "s1", "--to", "s0", shardsFile)
	wants(t, out,
		"map users: 2731 of 4096 slots move, 66.7 % of the rows",
		"  s1 -> s0  from 2020-01-01",
		"table public.jobs: all rows from s1 to s0",
	)
	_, errs := shardsSays(t, exitFailed, "plan", "--remove", "s1", shardsFile)
	wants(t, errs, "wye: tables.jobs: is on s1; say which shard is to have it", "wye: --to SHARD gives what is placed by name to another shard")
}

// TestShardsPlanHolds writes what the plan says into the file: the map must have
// the version that was announced.
func TestShardsPlanHolds(t *testing.T) {
	const head = `users: [{name: app, password: "SCRAM-SHA-256$4096:c2FsdA==$c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ=:c2FsdHNhbHRzYWx0c2FsdHNhbHRzYWx0c2FsdHNhbHQ="}]
clusters: {shop: {shards: {`
	const a, b, c = `a: {nodes: ["unix:/a"]}`, `b: {nodes: ["unix:/b"], weight: 2}`, `c: {nodes: ["unix:/c"]}`
	file := func(shards, placement string) string {
		path := filepath.Join(t.TempDir(), "wye.yaml")
		text := head + shards + "}, maps: {m: {type: uuid" + placement + "}}, tables: {t: {map: m, key: id}}}}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	announced := func(args ...string) (version, placement string) {
		out, _ := shardsSays(t, exitOK, args...)
		first, rest, _ := strings.Cut(out, "\n")
		if _, list, ok := strings.Cut(rest, "needs this placement then:\n"); ok {
			placement = ", placement: [" + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(list, "  - "), "\n"), "\n  - ", ", ") + "]"
		}
		return first[strings.LastIndexByte(first, ' ')+1:], placement
	}
	version := func(path string) string {
		out, _ := shardsSays(t, exitOK, path)
		first, _, _ := strings.Cut(out, "\n")
		return first[strings.LastIndexByte(first, ' ')+1:]
	}
	three := file(strings.Join([]string{a, b, c}, ", "), "")
	if v, p := announced("plan", file(a+", "+b, ""), "--add", "c"); v != version(three) || p != "" {
		t.Errorf("c joins: %s, %s; the file says %s", v, p, version(three))
	}
	v, p := announced("plan", three, "--remove", "a")
	if got := version(file(b+", "+c, p)); p == "" || got != v {
		t.Errorf("a leaves: %s announced, %s is", v, got)
	}
}

func TestShardsUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"plan"}, {"plan", shardsFile}, {shardsFile, "more"}, {shardsFile, "--add", "s2"}, {"plan", shardsFile, "--add", "a", "--remove", "b"},
		{"plan", shardsFile, "--remove", "s0", "--weight", "2"}, {"plan", shardsFile, "--add", "s2", "--to", "s0"}, {"--unknown"},
	} {
		if _, errs := shardsSays(t, exitUsage, args...); !strings.Contains(errs, "usage: wye shards CONFIG") {
			t.Errorf("%v: %s", args, errs)
		}
	}
	for _, args := range [][]string{
		{"nowhere.yaml"}, {shardsFile, "--cluster", "none"}, {"../../testdata/config/full.yaml"}, {"../../testdata/config/full.yaml", "--cluster", "shop"},
		{"plan", shardsFile, "--add", "s0"}, {"plan", shardsFile, "--add", "s2", "--weight", "0"}, {"plan", shardsFile, "--remove", "s7"}, {"../../testdata/config/shards_wrong.yaml"},
	} {
		if out, errs := shardsSays(t, exitFailed, args...); out != "" || errs == "" {
			t.Errorf("%v: %s%s", args, out, errs)
		}
	}
}
