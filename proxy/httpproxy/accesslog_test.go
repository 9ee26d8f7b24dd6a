package httpproxy

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestAccessLogReopen goes on with another writer again and again while lines
// come: each line is in one of them, whole; those noted before are in the old
// one, and after Reopen has returned it gets no more.
func TestAccessLogReopen(t *testing.T) {
	const writers, lines, turns = 4, 500, 50
	first := new(syncBuffer)
	log, outs := NewAccessLog(first, true), []*syncBuffer{first}
	say := func(text string) {
		line := []byte(text + "\n")
		log.lines <- entry{line: &line}
	}
	var saying sync.WaitGroup
	for w := range writers {
		saying.Go(func() {
			for i := range lines {
				say(fmt.Sprintf("line %d of %d", i, w))
			}
		})
	}
	sizes := []int{}
	for turn := range turns {
		say(fmt.Sprint("before ", turn))
		next := new(syncBuffer)
		log.Reopen(next)
		old := outs[len(outs)-1].String()
		if !strings.Contains(old, fmt.Sprint("before ", turn, "\n")) {
			t.Errorf("turn %d: what was noted before it is not in the old file", turn)
		}
		sizes, outs = append(sizes, len(old)), append(outs, next)
	}
	saying.Wait()
	log.Close()
	seen := map[string]int{}
	for i, out := range outs {
		if i < turns && len(out.String()) != sizes[i] {
			t.Errorf("file %d was written to after Reopen", i)
		}
		for line := range strings.Lines(out.String()) {
			seen[line]++
		}
	}
	if len(seen) != writers*lines+turns {
		t.Errorf("%d lines, want %d", len(seen), writers*lines+turns)
	}
	for line, n := range seen {
		if n != 1 {
			t.Errorf("%q is there %d times", line, n)
		}
	}
}
