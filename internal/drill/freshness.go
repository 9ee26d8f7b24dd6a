package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// FreshTable is what Freshness reads and writes: keys below sharedKeys belong
// to all sessions, each other key to one. Values only grow.
const FreshTable = "drill_fresh"

const (
	sharedKeys = 8
	ownKeys    = 1000 // the first session's key
)

// Freshness has sessions write counters and read them back, by simple,
// extended, prepared and pipelined statements and in transactions, and
// remembers for each session what it must not miss any more.
type Freshness struct {
	URL      string
	Sessions int // 16 when 0; a quarter of them never write
	Reads    int // of all together
	Seed     uint64

	astray string // where every second plain read is sent instead: a test sees that it shows
}

// FreshReport is what Freshness saw. Stale, Backwards and Wrong must be 0
// where a session sees its own writes; Behind too where it sees everybody's.
type FreshReport struct {
	Reads, Writes int
	Stale         int // an older value than the session itself had written
	Backwards     int // an older value than the session had read before
	Wrong         int // a value that was never committed, or missing
	Behind        int // an older value than another session had had acknowledged before the read was sent
	OnReplicas    int // reads that replicas served; only with ReadsOn
	Elapsed       time.Duration
	Examples      []string
}

// Violations are those of read-your-writes and of monotonic reads.
func (r *FreshReport) Violations() int { return r.Stale + r.Backwards + r.Wrong }

// String is one line for a log.
func (r *FreshReport) String() string {
	return fmt.Sprintf("%d reads, %d on replicas, and %d writes in %.1fs (%.0f reads/s): %d stale, %d backwards, %d wrong; %d behind other sessions",
		r.Reads, r.OnReplicas, r.Writes, r.Elapsed.Seconds(), float64(r.Reads)/r.Elapsed.Seconds(),
		r.Stale, r.Backwards, r.Wrong, r.Behind)
}

// PrepareFreshness makes the table with room for so many sessions.
func PrepareFreshness(ctx context.Context, primary *testpg.Node, sessions int) error {
	return primary.Exec(ctx, fmt.Sprintf(`DROP TABLE IF EXISTS %[1]s;
		CREATE TABLE %[1]s (key int PRIMARY KEY, value bigint NOT NULL) WITH (fillfactor = 10, autovacuum_enabled = off);
		INSERT INTO %[1]s SELECT k, 0 FROM generate_series(0, %[2]d) k;
		INSERT INTO %[1]s SELECT k, 0 FROM generate_series(%[3]d, %[4]d) k;
		GRANT ALL ON %[1]s TO public`, FreshTable, sharedKeys-1, ownKeys, ownKeys+sessions-1))
}

// Run reads until Reads are done. An error means that a statement failed or a
// session ended.
func (f Freshness) Run(ctx context.Context) (*FreshReport, error) {
	if f.Sessions == 0 {
		f.Sessions = 16
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all := &gathering{}
	begun := time.Now()
	var work sync.WaitGroup
	for i := range f.Sessions {
		work.Go(func() {
			if err := f.session(ctx, i, all); err != nil {
				cancel(fmt.Errorf("session %d: %w", i, err))
			}
		})
	}
	work.Wait()
	all.report.Elapsed = time.Since(begun)
	return &all.report, context.Cause(ctx)
}

// gathering is what the sessions share.
type gathering struct {
	taken atomic.Int64             // reads begun
	acked [sharedKeys]atomic.Int64 // the newest value whose write any session knows of

	mu     sync.Mutex
	report FreshReport
}

func (g *gathering) add(r *FreshReport) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.report.Reads += r.Reads
	g.report.Writes += r.Writes
	g.report.Stale += r.Stale
	g.report.Backwards += r.Backwards
	g.report.Wrong += r.Wrong
	g.report.Behind += r.Behind
	for _, e := range r.Examples {
		example(&g.report.Examples, "%s", e)
	}
}

// session is one client's whole life.
func (f Freshness) session(ctx context.Context, i int, all *gathering) error {
	s := &freshSession{
		id: i, own: ownKeys + i, all: all, report: &FreshReport{},
		chance: rand.New(rand.NewPCG(f.Seed, uint64(i))),
		wrote:  map[int]int64{}, saw: map[int]int64{}, writeOne: writeOneIn[i%len(writeOneIn)],
	}
	defer func() { all.add(s.report) }()
	for _, url := range []string{f.URL, f.astray} {
		if url == "" {
			continue
		}
		conn, err := pgconn.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		if _, err := conn.Prepare(ctx, preparedRead, readSQL, nil); err != nil {
			return err
		}
		s.conns = append(s.conns, conn)
	}
	for all.taken.Load() < int64(f.Reads) && ctx.Err() == nil {
		if err := s.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// writeOneIn says how often sessions write, dealt round: one step in so many,
// 0 never. Those that seldom write are the ones whose reads may leave the
// primary.
var writeOneIn = []int{0, 200, 1000, 10}
