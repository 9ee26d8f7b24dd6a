package httpproxy

import (
	"bufio"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// AccessLog writes a line per request, behind the requests' backs: one
// goroutine writes what a bounded queue holds, and what does not fit there is
// dropped and counted. Several listeners may share it; to be closed by its
// owner, after them.
type AccessLog struct {
	JSON bool // else the "combined" format of httpd, and the time it took in ms

	lines   chan entry
	dropped atomic.Int64
	failed  atomic.Int64
	done    sync.WaitGroup
	spare   sync.Pool
}

// entry is a line, or the order to go on elsewhere.
type entry struct {
	line *[]byte
	next io.Writer
	done chan<- struct{} // of next: closed when nothing is written to the old one any more
}

// accessQueue is how many lines may wait for a disk that is slow.
const accessQueue = 4096

// NewAccessLog writes to w, which it does not close.
func NewAccessLog(w io.Writer, json bool) *AccessLog {
	l := &AccessLog{JSON: json, lines: make(chan entry, accessQueue)}
	l.spare.New = func() any { b := make([]byte, 0, 512); return &b }
	l.done.Go(func() { l.write(w) })
	return l
}

// Dropped is how many lines were dropped, and how many writes failed.
func (l *AccessLog) Dropped() (lines, writes int64) { return l.dropped.Load(), l.failed.Load() }

// Close writes what waits and returns.
func (l *AccessLog) Close() {
	close(l.lines)
	l.done.Wait()
}

// Reopen goes on with next and returns when nothing is written any more to what
// was there before, which then has every line noted until now. next is not closed
// either. Not after Close.
func (l *AccessLog) Reopen(next io.Writer) {
	done := make(chan struct{})
	l.lines <- entry{next: next, done: done}
	<-done
}

// write is the goroutine that writes: many lines at once under load, and no
// line later than when there is nothing else to do.
func (l *AccessLog) write(w io.Writer) {
	b := bufio.NewWriterSize(w, 64<<10)
	flush := func() {
		if b.Flush() != nil {
			l.failed.Add(1)
			b.Reset(w)
		}
	}
	defer flush()
	for e := range l.lines {
		if e.line == nil {
			flush()
			w = e.next
			b.Reset(w)
			close(e.done)
			continue
		}
		_, _ = b.Write(*e.line) // Flush tells
		*e.line = (*e.line)[:0]
		l.spare.Put(e.line)
		if len(l.lines) == 0 {
			flush()
		}
	}
}

// note logs a visit that has ended.
func (l *AccessLog) note(v *visit, took time.Duration) {
	line := l.spare.Get().(*[]byte)
	if l.JSON {
		*line = v.appendJSON(*line, took)
	} else {
		*line = v.appendCombined(*line, took)
	}
	select {
	case l.lines <- entry{line: line}:
	default:
		l.dropped.Add(1)
		*line = (*line)[:0]
		l.spare.Put(line)
	}
}
