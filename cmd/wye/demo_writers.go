package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// writersSchema has no unique key, so that a statement that was sent twice
// would leave two rows.
const writersSchema = "CREATE TABLE orders (id bigint NOT NULL);\n"

const (
	writers = 8
	// writerPause makes all writers together write about 200 times a second.
	writerPause = writers * time.Second / 200
)

// writer is a client that inserts ids of its own, one statement each. Its log
// may be read when its load has ended.
type writer struct {
	conn    *pgconn.PgConn
	next    int
	acked   map[int]time.Time
	unknown map[int]bool // ended with 08007: there or not
	failed  []error      // with anything else
	last    atomic.Int64 // when the last acknowledgement came, Unix ns
}

// writing is writers at work.
type writing struct {
	writers []*writer
	stop    context.CancelFunc
	work    sync.WaitGroup
}

// write starts clients of the fleet writing. The caller must call end.
func (f *fleet) write(ctx context.Context) *writing {
	going, stop := context.WithCancel(ctx)
	l := &writing{stop: stop}
	for i := range writers {
		w := &writer{conn: f.conns[i], next: i * 1_000_000, acked: map[int]time.Time{}, unknown: map[int]bool{}}
		l.writers = append(l.writers, w)
		l.work.Go(func() { w.run(ctx, going) })
	}
	return l
}

// run writes until going ends; the last statement gets its answer.
func (w *writer) run(ctx, going context.Context) {
	for going.Err() == nil {
		w.next++
		err := do(ctx, w.conn, fmt.Sprintf("INSERT INTO public.orders VALUES (%d)", w.next))
		switch {
		case err == nil:
			w.acked[w.next] = time.Now()
			w.last.Store(time.Now().UnixNano())
		case sqlState(err) == pgerror.TransactionOutcomeUnknown:
			w.unknown[w.next] = true
		default:
			w.failed = append(w.failed, err)
		}
		select {
		case <-going.Done():
		case <-time.After(writerPause):
		}
	}
}

// since returns when every writer had a write acknowledged after the moment.
func (l *writing) since(ctx context.Context, moment time.Time) error {
	return pollUntil(ctx, "an acknowledged write of each client", func() (bool, error) {
		for _, w := range l.writers {
			if w.last.Load() <= moment.UnixNano() {
				return false, nil
			}
		}
		return true, nil
	})
}

func (l *writing) end() {
	l.stop()
	l.work.Wait()
}

// gap is the longest time in which nobody's write was acknowledged.
func (l *writing) gap() (longest time.Duration) {
	var all []time.Time
	for _, w := range l.writers {
		for _, at := range w.acked {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	for i := 1; i < len(all); i++ {
		longest = max(longest, all[i].Sub(all[i-1]))
	}
	return longest
}
