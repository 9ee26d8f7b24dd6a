package watch

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy/freshness"
)

// generous is how long a test waits for what happens in milliseconds on a
// machine that is not overloaded.
const generous = 20 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// changeLog keeps what the watcher announced.
type changeLog struct {
	mu  sync.Mutex
	all []Change
}

func (l *changeLog) add(c Change) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, c)
}

func (l *changeLog) count(kind Kind, node int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, c := range l.all {
		if c.Kind == kind && c.Node == node {
			n++
		}
	}
	return n
}

// watched is a watcher of a real cluster; nodes are in the order of
// Cluster.Nodes.
type watched struct {
	*Watcher
	t     *testing.T
	pg    *testpg.Cluster
	nodes []*testpg.Node
	clock *freshness.Clock
	log   changeLog
}

func watchCluster(t *testing.T, pg *testpg.Cluster, change func(*Options)) *watched {
	t.Helper()
	w := &watched{t: t, pg: pg, nodes: pg.Nodes(), clock: new(freshness.Clock)}
	var urls, names []string
	for _, n := range w.nodes {
		urls = append(urls, n.URL(testpg.Superuser, pg.Database))
		names = append(names, n.Addr())
	}
	o := Options{
		Nodes: names, Ask: newAsker(urls), Clock: w.clock, OnChange: w.log.add,
		Timeout: 5 * time.Second, // a busy machine is no hanging server
		Log:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	if change != nil {
		change(&o)
	}
	w.Watcher = New(o)
	w.Start()
	t.Cleanup(func() {
		w.Close()
		o.Ask.(*pgAsker).close()
	})
	return w
}

// until waits for what must become true.
func (w *watched) until(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(generous); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("still not so: %s\n%+v", what, w.View())
		}
	}
}

func (w *watched) primaryIs(node int) func() bool {
	return func() bool {
		p, ok := w.Primary()
		return ok && p == node
	}
}

func (w *watched) readable(node int) func() bool {
	return func() bool { return w.Replica(node) }
}

func (w *watched) unreadable(node int) func() bool {
	return func() bool { return !w.Replica(node) }
}

func (w *watched) placed(node int, p Place) func() bool {
	return func() bool { return w.View()[node].Place == p }
}

// watchAs watches as another user than the superuser.
func watchAs(t *testing.T, pg *testpg.Cluster, user string) *watched {
	t.Helper()
	return watchCluster(t, pg, func(o *Options) {
		var urls []string
		for _, n := range pg.Nodes() {
			urls = append(urls, n.URL(user, pg.Database))
		}
		o.Ask = newAsker(urls)
	})
}
