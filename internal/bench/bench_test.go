//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/bench/load"
)

func TestQuantile(t *testing.T) {
	hundred := make([]uint32, 101)
	for i := range hundred {
		hundred[i] = uint32(i)
	}
	for _, c := range []struct {
		values []uint32
		q      float64
		want   uint32
	}{{hundred, .5, 50}, {hundred, .99, 99}, {hundred, 1, 100}, {hundred[:1], .99, 0}, {nil, .5, 0}, {[]uint32{3, 7}, .99, 7}} {
		if got := quantile(c.values, c.q); got != c.want {
			t.Errorf("%.2f of %d values: %d, want %d", c.q, len(c.values), got, c.want)
		}
	}
}

func TestSpread(t *testing.T) {
	for want, values := range map[string][]float64{
		"-":                {},
		"1.50":             {1.5},
		"2.00 (1.00-9.00)": {9, 1, 2},
		"2.50 (1.00-4.00)": {4, 1, 3, 2},
	} {
		if got := spreadOf(values).String(); got != want {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
}

// TestRatios: figures of different repetitions never meet, nor do figures of
// a measurement that failed.
func TestRatios(t *testing.T) {
	ours := []sample{{Rep: 0, TPS: 10}, {Rep: 1, TPS: 30}, {Rep: 2, TPS: 50}, {Rep: 3}}
	peer := []sample{{Rep: 1, TPS: 20}, {Rep: 0, TPS: 10}, {Rep: 2, Note: "no"}, {Rep: 3, TPS: 5}}
	if got := ratios(ours, peer, tpsOf).String(); got != "1.25 (1.00-1.50)" {
		t.Errorf("got %s", got)
	}
	if got := ratios(ours, nil, tpsOf).String(); got != "-" {
		t.Errorf("of nothing: %s", got)
	}
}

func TestCells(t *testing.T) {
	for _, list := range []string{realCells, shortRealCells} {
		if c, err := parseCells(list, false); err != nil || strings.Count(list, ",")+1 != len(c) {
			t.Errorf("%s: %v, %v", list, c, err)
		}
	}
	for _, list := range []string{fakeCells, shortFakeCells, "S:prepared:32"} {
		if _, err := parseCells(list, true); err != nil {
			t.Errorf("%s: %v", list, err)
		}
	}
	c, err := parseCells("S:simple:8, tpcb:extended:32", false)
	if err != nil || len(c) != 2 || c[1] != (cell{"tpcb", load.Extended, 32}) || c[1].String() != "tpcb:extended:32" {
		t.Errorf("%v, %v", c, err)
	}
	for list, want := range map[string]string{
		"":                 "want workload:protocol:clients",
		"S:simple":         "want workload:protocol:clients",
		"T:simple:3":       "workloads are",
		"S:binary:3":       "protocols are",
		"S:simple:0":       "want 1 to",
		"S:simple:99999":   "want 1 to",
		"64k:simple:8":     "not with this server",
		"S:simple:8,":      "want workload:protocol:clients",
		"S:simple:1:2":     "want workload:protocol:clients",
		"tpcb:simple:many": "want 1 to",
	} {
		if _, err := parseCells(list, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
	if _, err := parseCells("tpcb:prepared:8", true); err == nil {
		t.Error("the canned server was asked for tpcb in the prepared protocol")
	}
}

func TestOptions(t *testing.T) {
	env := map[string]string{}
	read := func(args ...string) (options, error) {
		return readOptions(append([]string{"-wye", "."}, args...), func(k string) string { return env[k] })
	}
	o, err := read()
	if err != nil || o.fake || o.pin || o.reps != 3 || o.time != 3*time.Second || len(o.cells) != 12 || !o.wants("slow") {
		t.Errorf("defaults: %+v, %v", o, err)
	}
	env = map[string]string{"FAKE": "1", "TIME": "1.5", "REPS": "7", "CELLS": "S:simple:4", "TARGETS": "wye", "PIN": "0", "NICE": "-5"}
	o, err = read()
	if err != nil || !o.fake || o.pin || o.reps != 7 || o.time != 1500*time.Millisecond || len(o.cells) != 1 || len(o.targets) != 1 || o.nice != -5 || o.wants("slow") {
		t.Errorf("from the environment: %+v, %v", o, err)
	}
	env = map[string]string{"FAKE": "1"}
	if o, err = read(); err != nil || len(o.targets) != 4 || o.targets[3] != wyeSplit {
		t.Errorf("canned targets: %v, %v", o.targets, err)
	}
	if o, err = read("-reps", "2", "-time", "20ms"); err != nil || o.reps != 2 || o.time != 20*time.Millisecond {
		t.Errorf("flags over the environment: %+v, %v", o, err)
	}
	env = map[string]string{}
	for _, bad := range [][]string{{"-reps", "0"}, {"-time", "soon"}, {"-time", "-1"}, {"-nice", "-21"}, {"-targets", "odyssey"}, {"-targets", wyeSplit}, {"-parts", "all"}, {"extra"},
		{"-fake", "-parts", "idle,slow"}, {"-wye", "no/such/program"}} {
		if _, err := read(bad...); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestTable(t *testing.T) {
	table := table{head: []string{"a", "µs"}}
	table.add("long", "1")
	table.add("", "22")
	var b strings.Builder
	table.print(&b)
	want := "| a    | µs |\n| ---- | -- |\n| long | 1  |\n|      | 22 |\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// TestReport reads the comparison and the goals of made-up measurements.
func TestReport(t *testing.T) {
	cells, err := parseCells("S:simple:32,S:prepared:32", false)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{options: options{cells: cells, fake: true}, targets: []target{{name: direct}, {name: bouncer, proxy: &child{}}, {name: wye, proxy: &child{}}}}
	b.samples = map[string]map[string][]sample{
		"S:simple:32": {
			direct:   {{TPS: 1000, P50: 10, P99: 20}},
			bouncer:  {{TPS: 400, P50: 30, P99: 50, CPU: 10, Cores: .9}},
			wyeSplit: {{TPS: 450, CPU: 11.6}},
			wye:      {{TPS: 500, P50: 25, P99: 100, CPU: 11, Cores: .8, GC: 2, Note: "3 errors: 42601 x"}},
		},
		"S:prepared:32": {direct: {{TPS: 1000}}, bouncer: {{Note: "cannot"}}, wye: {{TPS: 600, CPU: 9}}},
	}
	var out strings.Builder
	b.print(&out)
	g := newGoals()
	g.cells(b)
	g.visits([]visit{{target: wye, clients: 1000, login: time.Second, bytes: 9 << 10}, {target: wye, clients: 10}, {target: wye, clients: 1000, secure: true, bytes: 20 << 10}, {target: bouncer}})
	g.crawls([]crawl{{target: wye, bytes: 1 << 30, grown: 60 << 10}})
	g.table.print(&out)
	text := strings.Join(strings.Fields(out.String()), " ")
	if strings.Contains(out.String(), "10 plain") {
		t.Error("a few clients were held to the goal of many")
	}
	for _, want := range []string{
		"| S:simple:32 | wye | 500 | 0.50 | 1.25 | 25 | 100 | 2.00 | 11.0 | 1.10 | 0.80 | 2 | 3 errors: 42601 x |",
		"| S:simple:32 | direct | 1000 | | | 10 | 20 | | | | | | |",
		"| S:prepared:32 | pgbouncer | - | - | | - | - | | - | | - | | cannot |",
		"| S:prepared:32 | wye | 600 | 0.60 | - |",
		"| CPU per query to PgBouncer, S:simple:32 | 1.10 | at most 1.15 | met |",
		"| CPU per query to PgBouncer with splitting, S:simple:32 | 1.16 | at most 1.15 | MISSED |",
		"| p99 to PgBouncer, S:simple:32 | 2.00 | at most 1.40 | MISSED |",
		"| garbage collections while measured | 2 | 0 | MISSED |",
		"| memory per idle client, 1000 plain | 9.0 KiB | at most 8 KiB | MISSED |",
		"| 10 000 SCRAM logins (of 1000) | 10.0 s | at most 8 s | MISSED |",
		"| memory per idle client, 1000 TLS | 20.0 KiB | at most 30 KiB | met |",
		"| memory growth, 1024 MiB to a slow reader | 0.06 MiB | at most 1 MiB | met |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}
