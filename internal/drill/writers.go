package drill

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Writers are clients that insert ids of their own, one autocommit statement
// each, some by the simple protocol, some by the extended one.
type Writers struct {
	URL     string
	Clients int           // 8 when 0
	Pause   time.Duration // of each client between statements; 1 ms when 0
}

// WritesTable is where Writers insert. It has no unique key, so that a
// statement that was sent twice leaves two rows.
const WritesTable = "drill_writes"

// PrepareWrites makes the table, empty, open to all roles.
func PrepareWrites(ctx context.Context, primary *testpg.Node) error {
	return primary.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+WritesTable+" (id bigint NOT NULL);"+
		"GRANT ALL ON "+WritesTable+" TO public; TRUNCATE "+WritesTable)
}

// patience is how long a statement may take before it counts as hung.
const patience = 30 * time.Second

// write is one statement as its client saw it.
type write struct {
	id           int64
	begun, ended time.Time
	code         string // "": acknowledged
	survived     bool   // whether the connection was still good
}

// Load is Writers at work. Stop must be called.
type Load struct {
	begun   time.Time
	stop    context.CancelFunc
	clients []*writer
	work    sync.WaitGroup
}

// writer is one client; its log has one owner until Stop joined it.
type writer struct {
	url   string
	mode  pgx.QueryExecMode
	next  int64
	pause time.Duration
	conn  *pgx.Conn
	log   []write
	last  atomic.Int64 // when the last acknowledgement came, Unix ns
}

// writerModes are the ways a statement is sent, dealt round.
var writerModes = []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeCacheStatement}

// Start begins, and returns when each client has had a write acknowledged. ctx
// bounds only this.
func (w Writers) Start(ctx context.Context) (*Load, error) {
	if w.Clients == 0 {
		w.Clients = 8
	}
	if w.Pause == 0 {
		w.Pause = time.Millisecond
	}
	working, stop := context.WithCancel(context.Background())
	l := &Load{begun: time.Now(), stop: stop}
	for i := range w.Clients {
		c := &writer{url: w.URL, mode: writerModes[i%len(writerModes)], next: int64(i) * 1e9, pause: w.Pause}
		l.clients = append(l.clients, c)
		l.work.Go(func() { c.run(working) })
	}
	if err := l.WaitAll(ctx, l.begun); err != nil {
		l.Stop()
		return nil, fmt.Errorf("start writers: %w", err)
	}
	return l, nil
}

// WaitAll returns when every client had a write acknowledged after the moment.
func (l *Load) WaitAll(ctx context.Context, after time.Time) error {
	return waitFor(ctx, "an acknowledged write of each client", func() bool {
		for _, c := range l.clients {
			if c.last.Load() <= after.UnixNano() {
				return false
			}
		}
		return true
	})
}

// Stop ends the load, after the statements in flight, and tells what happened.
func (l *Load) Stop() *Writes {
	l.stop()
	l.work.Wait()
	w := &Writes{begun: l.begun, ended: time.Now(), Failed: Codes{}}
	for _, c := range l.clients {
		w.clients = append(w.clients, c.log)
	}
	w.count()
	return w
}

func (c *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		if c.conn == nil && !c.connect(ctx) {
			continue
		}
		c.insert()
		pause(ctx, c.pause)
	}
	if c.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		c.conn.Close(ctx)
	}
}

func (c *writer) connect(ctx context.Context) bool {
	dialling, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(dialling, c.url)
	if err != nil {
		pause(ctx, 5*time.Millisecond)
		return false
	}
	c.conn = conn
	return true
}

// insert is not bound to the load's end: a statement that is under way gets
// its answer, or patience ends.
func (c *writer) insert() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.next++
	w := write{id: c.next, begun: time.Now()}
	_, err := c.conn.Exec(ctx, "INSERT INTO "+WritesTable+" VALUES ($1)", c.mode, w.id)
	w.ended, w.code, w.survived = time.Now(), codeOf(err), !c.conn.IsClosed()
	if err == nil {
		c.last.Store(w.ended.UnixNano())
	}
	if !w.survived {
		c.conn = nil
	}
	c.log = append(c.log, w)
}
