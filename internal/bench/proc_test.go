//go:build linux

package main

import (
	"os"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	got, err := parseStat("42 (a ) (b) S 7 42 42 0 -1 4194560 100 0 0 0 12 34 5 6 20 0 9 0 100 1000 10\n")
	want := processTimes{parent: 7, own: 460 * time.Millisecond, children: 110 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "42 (a", "42 (a) S 7", "1 (a) S x 1 1 1 1 1 1 1 1 1 1 1 1 1 1"} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestParseMachine(t *testing.T) {
	got, err := parseMachine("cpu  100 1 20 500 30 2 3 4 0 0\ncpu0 1 1 1 1\n")
	want := machineTimes{all: 6600 * time.Millisecond, busy: 1260 * time.Millisecond, stolen: 40 * time.Millisecond}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu a b c d e f g h"} {
		if _, err := parseMachine(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestMemory(t *testing.T) {
	if n, err := parseKiB("Rss: 1 kB\nPss:      17 kB\nPss_Anon: 3 kB\n", "Pss"); n != 17<<10 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := parseKiB("Rss: 1 kB\n", "Pss"); err == nil {
		t.Error("a missing line was found")
	}
	block := make([]byte, 32<<20)
	for i := range block {
		block[i] = 1
	}
	for _, f := range [][2]string{{"smaps_rollup", "Pss"}, {"status", "VmRSS"}, {"status", "VmHWM"}} {
		if n, err := memory(os.Getpid(), f[0], f[1]); err != nil || n < int64(len(block)) {
			t.Errorf("%v: %d bytes, %v", f, n, err)
		}
	}
}

// TestFamilyTime burns some time and finds it again.
func TestFamilyTime(t *testing.T) {
	before := familyTime()
	for began := time.Now(); familyTime()-before < 2*tick; {
		if time.Since(began) > 30*time.Second {
			t.Fatal("ten seconds of work cost no CPU time")
		}
	}
}

func TestNiceOf(t *testing.T) {
	if n, err := niceOf("/autogroup-17 nice -5\n"); n != -5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := niceOf("off"); err == nil {
		t.Error("no niceness was found, and nobody said so")
	}
}
