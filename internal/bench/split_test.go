//go:build linux

package main

import (
	"strings"
	"testing"
)

// TestSplitReport: SELECTs that should have been split and were not make the
// run fail; those of transactions belong to the primary.
func TestSplitReport(t *testing.T) {
	cells, err := parseCells("S:simple:32,S:extended:32,tx:simple:32", true)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{options: options{cells: cells}, samples: map[string]map[string][]sample{
		"S:simple:32":   {wyeSplit: {{TPS: 1, AtReplica: 99, AtPrimary: 1}, {TPS: 1, AtReplica: 95, AtPrimary: 5, Rep: 1}}, wye: {{TPS: 1, AtPrimary: 9}}},
		"S:extended:32": {wyeSplit: {{Note: "failed"}}},
		"tx:simple:32":  {wyeSplit: {{TPS: 1, AtPrimary: 100}}},
	}}
	var out strings.Builder
	if err := splitReport(b, &out); err != nil {
		t.Error(err)
	}
	if want := "\nSELECTs of wye-split that the replica answered, in the worst repetition: S:simple:32 95.0 %, tx:simple:32 0.0 %.\n"; out.String() != want {
		t.Errorf("printed %q, want %q", out.String(), want)
	}
	b.samples["S:simple:32"][wyeSplit][1].AtPrimary = 10
	b.samples["S:extended:32"][wyeSplit] = []sample{{TPS: 1}}
	err = splitReport(b, &out)
	for _, want := range []string{"S:simple:32, rep 2: only 90.5 %", "S:extended:32, rep 1: only 0.0 %"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err != nil && strings.Contains(err.Error(), "tx:") {
		t.Errorf("transactions are not split: %v", err)
	}
	out.Reset()
	if err := splitReport(&bench{options: options{cells: cells}}, &out); err != nil || out.Len() > 0 {
		t.Errorf("without the target: %v, %q", err, out.String())
	}
}
