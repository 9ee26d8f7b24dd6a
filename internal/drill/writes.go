package drill

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Writes is what Writers saw, and, after Compare, what the table says to it.
type Writes struct {
	Statements int
	Acked      int
	Failed     Codes
	Broken     int           // client connections that ended
	Gap        time.Duration // the longest stretch in which no client had an acknowledgement
	ClientGap  time.Duration // the longest that any one client went without

	Lost      int // acknowledged, and not in the table
	Twice     int // ids that are there more than once
	Ghosts    int // reported as not done, by a SQLSTATE other than 08007, and there all the same
	Happened  int // of those reported as unknown or without a word: done after all
	Strangers int // ids that nobody wrote
	Examples  []string

	begun, ended time.Time
	clients      [][]write
}

func (w *Writes) count() {
	var all []time.Time
	for _, log := range w.clients {
		var own []time.Time
		for _, s := range log {
			w.Statements++
			if !s.survived {
				w.Broken++
			}
			if s.code == "" {
				w.Acked++
				own = append(own, s.ended)
			} else {
				w.Failed[s.code]++
				example(&w.Examples, "id %d: %s after %v", s.id, s.code, s.ended.Sub(s.begun).Round(time.Millisecond))
			}
		}
		w.ClientGap = max(w.ClientGap, longestGap(own, w.firstOr(own), w.ended))
		all = append(all, own...)
	}
	w.Gap = longestGap(all, w.firstOr(all), w.ended)
}

// firstOr is where a gap may begin: not before the first acknowledgement, for
// connecting is no gap.
func (w *Writes) firstOr(acked []time.Time) time.Time {
	first := w.ended
	for _, t := range acked {
		if t.Before(first) {
			first = t
		}
	}
	if len(acked) == 0 {
		return w.begun
	}
	return first
}

// FailedBegunAfter is the number of failed statements that were sent after the
// moment: they were not in flight, so they should have waited.
func (w *Writes) FailedBegunAfter(t time.Time) int {
	n := 0
	for _, log := range w.clients {
		for _, s := range log {
			if s.code != "" && s.begun.After(t) {
				n++
			}
		}
	}
	return n
}

// Compare looks at the table on the server that is primary now.
func (w *Writes) Compare(ctx context.Context, primary *testpg.Node) error {
	rows, err := primary.Query(ctx, "SELECT id, count(*) FROM "+WritesTable+" GROUP BY id")
	if err != nil {
		return err
	}
	found := make(map[int64]int, len(rows))
	for _, r := range rows {
		id, err1 := strconv.ParseInt(r[0], 10, 64)
		n, err2 := strconv.Atoi(r[1])
		if err1 != nil || err2 != nil {
			return fmt.Errorf("row %q of %s", r, WritesTable)
		}
		found[id] = n
	}
	for _, log := range w.clients {
		for _, s := range log {
			w.judge(s, found[s.id])
			delete(found, s.id)
		}
	}
	w.Strangers += len(found)
	return nil
}

func (w *Writes) judge(s write, copies int) {
	if copies > 1 {
		w.Twice++
		example(&w.Examples, "id %d is there %d times", s.id, copies)
	}
	switch {
	case s.code == "" && copies == 0:
		w.Lost++
		example(&w.Examples, "id %d was acknowledged and is lost", s.id)
	case s.code == "" || copies == 0:
	case s.code == Unknown || s.code == NoWord:
		w.Happened++
	default:
		w.Ghosts++
		example(&w.Examples, "id %d failed with %s and is there", s.id, s.code)
	}
}

// add puts another run's counts to these; the longest gap stays.
func (w *Writes) add(run *Writes) {
	w.Statements += run.Statements
	w.Acked += run.Acked
	w.Failed.add(run.Failed)
	w.Broken += run.Broken
	w.Gap, w.ClientGap = max(w.Gap, run.Gap), max(w.ClientGap, run.ClientGap)
	w.Lost += run.Lost
	w.Twice += run.Twice
	w.Ghosts += run.Ghosts
	w.Happened += run.Happened
	w.Strangers += run.Strangers
	for _, e := range run.Examples {
		example(&w.Examples, "%s", e)
	}
}

// String is one line for a log.
func (w *Writes) String() string {
	return fmt.Sprintf("%d writes, %d acknowledged, failed: %v, %d connections broken; lost %d, twice %d, ghosts %d, happened after all %d",
		w.Statements, w.Acked, w.Failed, w.Broken, w.Lost, w.Twice, w.Ghosts, w.Happened)
}
