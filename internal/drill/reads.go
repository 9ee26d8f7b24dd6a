package drill

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// RowsTable is what Readers read: texts of 1 byte up to almost 64 KiB, whose
// contents follow from their ids.
const RowsTable = "drill_rows"

const (
	rowIDs     = 64
	rowLargest = 65_000 // with the frames around it a result stays below 64 KiB
	manyRows   = 500    // of a result with many short rows
)

// PrepareReads makes the table.
func PrepareReads(ctx context.Context, primary *testpg.Node) error {
	return primary.Exec(ctx, fmt.Sprintf(`DROP TABLE IF EXISTS %[1]s;
		CREATE TABLE %[1]s (id int PRIMARY KEY, body text NOT NULL);
		INSERT INTO %[1]s SELECT i, left(repeat(md5(i::text), %[3]d / 32 + 1), 1 + i * %[3]d / %[2]d)
			FROM generate_series(1, %[2]d) i;
		GRANT SELECT ON %[1]s TO public`, RowsTable, rowIDs, rowLargest-1))
}

// body is what the row has.
func body(id int) []byte {
	sum := md5.Sum([]byte(strconv.Itoa(id)))
	size := 1 + id*(rowLargest-1)/rowIDs
	return bytes.Repeat([]byte(hex.EncodeToString(sum[:])), size/32+1)[:size]
}

// Readers are clients that read rows, of one large value or of many short
// ones, and know what must come.
type Readers struct {
	URL     string
	Clients int // 8 when 0
	Pause   time.Duration
	Seed    uint64
}

// ReadReport is what Readers saw.
type ReadReport struct {
	Reads    int
	Failed   Codes
	Wrong    int // answers with other contents
	Broken   int // client connections that ended
	Slowest  time.Duration
	Stall    time.Duration // the longest that any one client went without a right answer
	Examples []string
}

// String is one line for a log.
func (r *ReadReport) String() string {
	return fmt.Sprintf("%d reads, slowest %.3fs, longest stall %.3fs, failed: %v, %d wrong, %d connections broken",
		r.Reads, r.Slowest.Seconds(), r.Stall.Seconds(), r.Failed, r.Wrong, r.Broken)
}

func (r *ReadReport) add(more *ReadReport) {
	r.Reads += more.Reads
	r.Failed.add(more.Failed)
	r.Wrong += more.Wrong
	r.Broken += more.Broken
	r.Slowest, r.Stall = max(r.Slowest, more.Slowest), max(r.Stall, more.Stall)
	for _, e := range more.Examples {
		example(&r.Examples, "%s", e)
	}
}

// Reading is Readers at work. Stop must be called.
type Reading struct {
	stop    context.CancelFunc
	clients []*reader
	work    sync.WaitGroup
}

// reader is one client; its report has one owner until Stop joined it.
type reader struct {
	Readers
	chance *rand.Rand
	conn   *pgconn.PgConn
	report ReadReport
	last   atomic.Int64 // when the last right answer came, Unix ns
}

// Start begins and returns when each client has had an answer.
func (r Readers) Start(ctx context.Context) (*Reading, error) {
	if r.Clients == 0 {
		r.Clients = 8
	}
	working, stop := context.WithCancel(context.Background())
	all, begun := &Reading{stop: stop}, time.Now()
	for i := range r.Clients {
		c := &reader{Readers: r, chance: rand.New(rand.NewPCG(r.Seed, uint64(i))), report: ReadReport{Failed: Codes{}}}
		all.clients = append(all.clients, c)
		all.work.Go(func() { c.run(working) })
	}
	if err := all.WaitAll(ctx, begun); err != nil {
		all.Stop()
		return nil, fmt.Errorf("start readers: %w", err)
	}
	return all, nil
}

// WaitAll returns when every client had a right answer after the moment.
func (r *Reading) WaitAll(ctx context.Context, after time.Time) error {
	return waitFor(ctx, "an answer for each reader", func() bool {
		for _, c := range r.clients {
			if c.last.Load() <= after.UnixNano() {
				return false
			}
		}
		return true
	})
}

// Stop ends the load, after the reads in flight, and tells what happened.
func (r *Reading) Stop() *ReadReport {
	r.stop()
	r.work.Wait()
	all := &ReadReport{Failed: Codes{}}
	for _, c := range r.clients {
		all.add(&c.report)
	}
	return all
}

func (c *reader) run(ctx context.Context) {
	for ctx.Err() == nil {
		if c.conn == nil && !c.connect(ctx) {
			continue
		}
		c.read()
		pause(ctx, c.Pause)
	}
	if c.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c.conn.Close(ctx)
	}
}

func (c *reader) connect(ctx context.Context) bool {
	dialling, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(dialling, c.URL)
	if err != nil {
		pause(ctx, 5*time.Millisecond)
		return false
	}
	c.conn = conn
	return true
}

// read is not bound to the load's end, as a write is not.
func (c *reader) read() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	id, many := 1+c.chance.IntN(rowIDs), c.chance.IntN(4) == 0
	begun := time.Now()
	rows, err := c.ask(ctx, id, many)
	took := time.Since(begun)
	c.report.Reads++
	c.report.Slowest = max(c.report.Slowest, took)
	switch {
	case err != nil:
		c.report.Failed[codeOf(err)]++
		example(&c.report.Examples, "after %v: %v", took.Round(time.Millisecond), err)
	case !right(rows, id, many):
		c.report.Wrong++
		example(&c.report.Examples, "row %d: %d rows of other contents", id, len(rows))
	default:
		c.answered(time.Now())
	}
	if c.conn.IsClosed() {
		c.report.Broken++
		c.conn = nil
	}
}

func (c *reader) answered(now time.Time) {
	if before := c.last.Load(); before > 0 {
		c.report.Stall = max(c.report.Stall, time.Duration(now.UnixNano()-before))
	}
	c.last.Store(now.UnixNano())
}

// The two kinds of reads.
const (
	oneRow  = "SELECT body FROM " + RowsTable + " WHERE id = "
	allRows = "SELECT left(body, 100) FROM " + RowsTable + ", generate_series(1, 500) WHERE id = "
)

func (c *reader) ask(ctx context.Context, id int, many bool) ([][][]byte, error) {
	sql := oneRow
	if many {
		sql = allRows
	}
	if c.chance.IntN(2) == 0 {
		r := c.conn.ExecParams(ctx, sql+"$1", [][]byte{text(int64(id))}, nil, nil, nil).Read()
		return r.Rows, r.Err
	}
	results, err := c.conn.Exec(ctx, sql+strconv.Itoa(id)).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, err
	}
	return results[0].Rows, nil
}

func right(rows [][][]byte, id int, many bool) bool {
	want, n := body(id), 1
	if many {
		want, n = want[:min(100, len(want))], manyRows
	}
	for _, r := range rows {
		if len(r) != 1 || !bytes.Equal(r[0], want) {
			return false
		}
	}
	return len(rows) == n
}
