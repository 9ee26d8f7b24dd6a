package commit

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// childVariable turns the test binary into a proxy that moves money between
// shards until it is killed or its stdin ends.
const childVariable = "WYE_COMMIT_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		var c child
		if err := json.Unmarshal([]byte(order), &c); err != nil {
			panic(err)
		}
		c.work()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is what the process is told. At the step with the number At of all
// its commits it kills itself, or says "strike SHARD" and, unless Moment is
// sent, waits for "go".
type child struct {
	URLs   []string // of shards
	Seed   uint64
	At     int64
	Moment moment
	Victim victim // proxy or server

	steps    atomic.Int64
	sendKill atomic.Bool
	goOn     chan struct{}
	done     chan struct{}
}

const (
	childWorkers  = 4
	childAccounts = 50
)

func (c *child) work() {
	c.goOn, c.done = make(chan struct{}), make(chan struct{})
	go c.listen()
	co, err := New(Options{Cluster: rigCluster, Now: time.Now, Random: random, Step: c.step, Limit: 2 * time.Second,
		Dial: func(ctx context.Context, shard int) (AdminConn, error) { return dialWire(ctx, c.URLs[shard]) }})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		NewRecovery(co, RecoveryOptions{Shards: len(c.URLs), Every: 100 * time.Millisecond, Age: 500 * time.Millisecond}).Run(ctx)
	})
	var workers sync.WaitGroup
	for i := range childWorkers {
		w := &worker{child: c, co: co, n: i, rand: rand.New(rand.NewPCG(c.Seed, uint64(i))), conns: make([]*childConn, len(c.URLs))}
		workers.Go(w.run)
	}
	workers.Wait()
	stop()
	all.Wait()
}

func (c *child) listen() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		close(c.goOn)
	}
	close(c.done)
}

func (c *child) ending() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

func (c *child) step(s Step) {
	if c.steps.Add(1) != c.At {
		return
	}
	switch {
	case c.Victim == proxy && c.Moment == sent && !s.Done:
		c.sendKill.Store(true)
	case c.Victim == proxy:
		killSelf()
	default:
		fmt.Println("strike", s.Shard)
		if c.Moment != sent {
			<-c.goOn
		}
	}
}

func killSelf() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

// childConn kills its process when it has sent what it was told to.
type childConn struct {
	pgWire
	child *child
}

func (w *childConn) Exec(ctx context.Context, sql string) (string, error) {
	if w.child.sendKill.CompareAndSwap(true, false) {
		w.c.Frontend().Send(&pgproto3.Query{String: sql})
		_ = w.c.Frontend().Flush()
		killSelf()
	}
	return w.pgWire.Exec(ctx, sql)
}

// worker is one client of the proxy.
type worker struct {
	child *child
	co    *Coordinator
	n     int
	rand  *rand.Rand
	conns []*childConn // by shard
}

func (w *worker) run() {
	for i := 0; !w.child.ending(); i++ {
		id := fmt.Sprintf("%d-%d-%d", w.child.Seed, w.n, i)
		if state := w.transfer(id); state != "" {
			fmt.Println("ack", id, state)
		} else {
			time.Sleep(5 * time.Millisecond) // a shard is down
		}
	}
}

// transfer moves money between two or three shards. It returns "" when it got
// no further than to open transactions.
func (w *worker) transfer(id string) string {
	shards := w.rand.Perm(len(w.conns))[:2+w.rand.IntN(2)]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var list []Participant
	rest := 0
	for i, s := range shards {
		amount := w.rand.IntN(10) - 5
		if rest += amount; i == len(shards)-1 {
			amount -= rest
		}
		conn := w.conn(ctx, s)
		if conn == nil {
			w.forget(list)
			return ""
		}
		list = append(list, Participant{Shard: s, Conn: conn, Wrote: true})
		sql := fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = '1s'; UPDATE account SET balance = balance + %d WHERE id = %d; INSERT INTO journal VALUES ('%s', %d)",
			amount, 1+w.rand.IntN(childAccounts), id, len(shards))
		if _, err := conn.pgWire.Exec(ctx, sql); err != nil {
			w.forget(list)
			return ""
		}
	}
	out := w.co.Commit(ctx, list)
	for _, s := range out.Broken {
		w.drop(s)
	}
	return out.State.String()
}

func (w *worker) conn(ctx context.Context, shard int) *childConn {
	if w.conns[shard] == nil {
		c, err := pgconn.Connect(ctx, w.child.URLs[shard])
		if err != nil {
			return nil
		}
		w.conns[shard] = &childConn{pgWire: pgWire{c: c}, child: w.child}
	}
	return w.conns[shard]
}

func (w *worker) forget(list []Participant) {
	for _, p := range list {
		w.drop(p.Shard)
	}
}

func (w *worker) drop(shard int) {
	w.conns[shard].Close()
	w.conns[shard] = nil
}
