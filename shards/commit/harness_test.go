package commit

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// rig is a cluster of shards, each a server, and how to reach them.
type rig struct {
	t      testing.TB
	shards []*testpg.Cluster
	admin  []string // URLs
	app    []string
}

const rigCluster = "bank 1" // the blank is escaped in gids

// patience is how long what takes two seconds, or less, may take on a machine
// that does other things too.
const patience = 20 * time.Second

// newRig boots n shards with the schema wye and a table: each account has a
// balance of 100. What happens on it is told apart by account.
func newRig(t testing.TB, n int, settings map[string]string) *rig {
	r := &rig{t: t, shards: make([]*testpg.Cluster, n)}
	join(r.numbers(), func(i int) {
		r.shards[i] = testpg.Start(t, testpg.Options{Name: fmt.Sprintf("s%d", i), Settings: settings})
	})
	for _, s := range r.shards {
		r.admin = append(r.admin, s.Primary.SuperuserURL("app"))
		r.app = append(r.app, s.Primary.URL("app", "app"))
	}
	join(r.numbers(), func(i int) {
		conn := r.dialAdmin(i)
		defer conn.Close()
		if err := Setup(ctxOf(t), conn, rigCluster, i); err != nil {
			t.Error(err)
		}
	})
	r.onAll("CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL); GRANT ALL ON account TO PUBLIC;" +
		"INSERT INTO account SELECT n, 100 FROM generate_series(1, 100) n")
	return r
}

func (r *rig) numbers() []int {
	var all []int
	for i := range r.shards {
		all = append(all, i)
	}
	return all
}

func ctxOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func (r *rig) onAll(sql string) {
	r.t.Helper()
	for _, s := range r.shards {
		must(r.t, s.Primary.Exec(ctxOf(r.t), sql))
	}
}

func (r *rig) value(shard int, sql string) string {
	r.t.Helper()
	v, err := r.shards[shard].Primary.Value(ctxOf(r.t), sql)
	must(r.t, err)
	return v
}

func (r *rig) restart(shard int) {
	r.t.Helper()
	must(r.t, r.shards[shard].Primary.Restart(ctxOf(r.t)))
}

func (r *rig) dialAdmin(shard int) *pgWire {
	r.t.Helper()
	c, err := pgconn.Connect(ctxOf(r.t), r.admin[shard])
	must(r.t, err)
	return &pgWire{c: c}
}

// Dial is a Dialer.
func (r *rig) Dial(ctx context.Context, shard int) (AdminConn, error) {
	return dialWire(ctx, r.admin[shard])
}

func dialWire(ctx context.Context, url string) (AdminConn, error) {
	c, err := pgconn.Connect(ctx, url)
	if err != nil {
		return nil, errOf(err)
	}
	return &pgWire{c: c}, nil
}

func (r *rig) options() Options {
	return Options{Cluster: rigCluster, Dial: r.Dial, Now: time.Now, Random: random}
}

func (r *rig) coordinator(change func(*Options)) *Coordinator {
	r.t.Helper()
	o := r.options()
	if change != nil {
		change(&o)
	}
	c, err := New(o)
	must(r.t, err)
	return c
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return binary.NativeEndian.Uint64(b[:])
}

// begin opens a transaction of the user app on the shards and takes 1 from
// the account there.
func (r *rig) begin(account int, shards ...int) []Participant {
	r.t.Helper()
	list := r.open(shards...)
	for i := range list {
		r.run(list[i], fmt.Sprintf("UPDATE account SET balance = balance - 1 WHERE id = %d", account))
		list[i].Wrote = true
	}
	return list
}

// open is begin without writing.
func (r *rig) open(shards ...int) []Participant {
	r.t.Helper()
	var list []Participant
	for _, s := range shards {
		c, err := pgconn.Connect(ctxOf(r.t), r.app[s])
		must(r.t, err)
		w := &pgWire{c: c}
		r.t.Cleanup(w.Close)
		list = append(list, Participant{Shard: s, Conn: w})
		r.run(list[len(list)-1], "BEGIN")
	}
	return list
}

func (r *rig) run(p Participant, sql string) {
	r.t.Helper()
	_, err := p.Conn.Exec(ctxOf(r.t), sql)
	must(r.t, err)
}

// balances are those of the account, by shard.
func (r *rig) balances(account int) string {
	r.t.Helper()
	var all []string
	for i := range r.shards {
		all = append(all, r.value(i, fmt.Sprintf("SELECT balance FROM account WHERE id = %d", account)))
	}
	return strings.Join(all, " ")
}

// prepared counts what is prepared on all shards.
func (r *rig) prepared() (n int) {
	r.t.Helper()
	for i := range r.shards {
		var here int
		_, err := fmt.Sscan(r.value(i, "SELECT count(*) FROM pg_prepared_xacts"), &here)
		must(r.t, err)
		n += here
	}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pgWire is a connection by pgconn, as Conn and as AdminConn.
type pgWire struct {
	c     *pgconn.PgConn
	close sync.Once
}

func (w *pgWire) Exec(ctx context.Context, sql string) (string, error) {
	results, err := w.c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return "", errOf(err)
	}
	return results[len(results)-1].CommandTag.String(), nil
}

func (w *pgWire) Query(ctx context.Context, sql string) ([][]string, error) {
	results, err := w.c.Exec(ctx, sql).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, errOf(err)
	}
	var rows [][]string
	for _, row := range results[0].Rows {
		var text []string
		for _, v := range row {
			text = append(text, string(v))
		}
		rows = append(rows, text)
	}
	return rows, nil
}

func (w *pgWire) Close() {
	w.close.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.c.Close(ctx)
	})
}

// cut ends the connection without a word; inFlight, unless "", is sent before.
func (w *pgWire) cut(inFlight string) {
	if inFlight != "" {
		f := w.c.Frontend()
		f.Send(&pgproto3.Query{String: inFlight})
		_ = f.Flush()
	}
	_ = w.c.Conn().Close()
}

func errOf(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	return &pgerror.Error{Severity: e.SeverityUnlocalized, Code: e.Code, Message: e.Message, Detail: e.Detail, Hint: e.Hint}
}

// sameOutcome checks what a commit came to. code is "" for success.
func sameOutcome(t testing.TB, got Outcome, state State, code string) {
	t.Helper()
	has := ""
	if got.Err != nil {
		has = got.Err.Code
	}
	if got.State != state || has != code {
		t.Errorf("outcome is %v (%v), want %v with %q", got.State, got.Err, state, code)
	}
}

// counter makes accounts that no other test on the rig uses.
type counter struct{ n atomic.Int32 }

func (c *counter) next() int { return int(c.n.Add(1)) }
