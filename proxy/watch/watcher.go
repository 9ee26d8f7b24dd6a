package watch

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Watcher watches the servers of one cluster. Safe for concurrent use; what
// sessions ask for each request (Primary, Replica, WriteSeen) takes no lock.
type Watcher struct {
	o       Options
	ctx     context.Context // ends at Close
	cancel  context.CancelFunc
	running sync.WaitGroup

	primary atomic.Int32  // a node that takes writes and is no suspect, or nobody
	readers atomic.Uint64 // a bit per node that may be read
	wrote   atomic.Bool   // a write was acknowledged since the primary was last asked

	noted  chan struct{} // a change waits for announce
	unsure chan struct{} // Patroni should be asked now

	mu      sync.Mutex // guards all below; held over no I/O
	nodes   []*node
	roles   roles
	hint    hint
	verdict verdict
	former  int               // the last primary that was announced
	lostAt  freshness.Instant // since when there is no primary
	sampled freshness.Instant // the primary's last sample
	target  freshness.Instant // a sample that replicas are awaited to replay
	demand  freshness.Instant // SampleNow wants a sample this young
	moved   chan struct{}     // closed when anything was heard; nil when nobody waits
	elected chan struct{}     // closed and replaced when Primary says something else
	changes []Change
}

// node is one server. Its prober owns kept, plain, page and fullAt; the rest
// is guarded by Watcher.mu.
type node struct {
	number int
	name   string
	wake   chan struct{}

	kept   bool              // the Asker has a connection that answered
	plain  bool              // the pg_control functions are denied
	page   uint32            // wal_block_size
	fullAt freshness.Instant // the last full question

	health  health
	late    bool              // the probe under way takes long
	report  Report            // the last good one
	asked   freshness.Instant // when the last probe that ended was sent
	err     error             // of the last probe
	accused freshness.Instant // Suspect was called then, and no probe sent later has passed; 0 is not
	due     freshness.Instant // of the next probe
	lacks   freshness.Instant // the first sample it has not replayed
	since   freshness.Instant // of its present state
	place   Place             // the last that was published
	reading bool              // may be read, as published
	fenced  uint32            // the timeline that was shouted about
	foreign string            // the system identifier that was shouted about
	hidden  bool              // it was said that its system identifier is hidden
}

// New returns a watcher that has not looked yet. Start it, then Close it. A
// clock may outlive its watcher, for instance when the list of servers
// changes: the next New, after that one's Close, forgets what it knew of the
// servers and keeps what it knew of writes.
func New(o Options) *Watcher {
	o = o.withDefaults()
	if len(o.Nodes) > freshness.MaxServers {
		panic("watch: more servers than a clock can tell apart")
	}
	w := &Watcher{
		o: o, roles: newRoles(), former: nobody, lostAt: freshness.Now(),
		noted: make(chan struct{}, 1), unsure: make(chan struct{}, 1), elected: make(chan struct{}),
		verdict: verdict{places: make([]Place, len(o.Nodes)), why: make([]string, len(o.Nodes))},
	}
	w.primary.Store(nobody)
	o.Clock.Reset(0)
	w.ctx, w.cancel = context.WithCancel(context.Background())
	for i, name := range o.Nodes {
		w.nodes = append(w.nodes, &node{
			number: i, name: name, page: defaultWalPage, since: w.lostAt, wake: make(chan struct{}, 1),
		})
	}
	return w
}

// Start begins to probe all servers at once. To be called once.
func (w *Watcher) Start() {
	w.running.Add(1)
	go w.announce()
	for _, n := range w.nodes {
		w.running.Add(1)
		go w.probeForever(n)
	}
	if len(w.o.Patroni) > 0 {
		w.running.Add(1)
		go w.askPatroniForever()
	}
}

// Close ends all probes and waits for their goroutines, an OnChange under way
// included. What Primary and Replica said last they go on saying.
func (w *Watcher) Close() {
	w.cancel()
	w.running.Wait()
}

// Primary is the node that takes writes. ok is false while none is known, and
// while the one that was is suspected (Suspect). One atomic load.
func (w *Watcher) Primary() (node int, ok bool) {
	p := int(w.primary.Load())
	return p, p != nobody
}

// AwaitPrimary waits until there is a primary. Its error is ctx's, or
// ErrClosed.
func (w *Watcher) AwaitPrimary(ctx context.Context) (node int, err error) {
	for {
		elected := w.watchElection()
		if p, ok := w.Primary(); ok {
			return p, nil
		}
		if err := w.pause(ctx, elected); err != nil {
			return nobody, err
		}
	}
}

// Replica says that the node may be read now: it recovers on the primary's
// timeline, belongs to the cluster, answers, and is not too far behind. One
// atomic load.
func (w *Watcher) Replica(node int) bool {
	return node >= 0 && node < freshness.MaxServers && w.readers.Load()>>node&1 == 1
}

// Readers is Replica of all nodes at once, a bit for each.
func (w *Watcher) Readers() uint64 { return w.readers.Load() }

// Suspect is told by who saw a server's connection break or its dial refused.
// The node is out at once, as primary and as replica, and what was known of
// its freshness is forgotten; it is probed at once over a new connection, and
// back when that passes.
func (w *Watcher) Suspect(node int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.nodes[node]
	if n.accused != 0 {
		return // or many that find the same dead server would each put its return off
	}
	n.accused = freshness.Now()
	w.o.Clock.Forget(node)
	w.publish()
	w.hurry(n, 0)
}

// WriteSeen is told of each acknowledged write, after the clock was: the
// replicas' freshness past it is measured soon. It does not wait or allocate.
func (w *Watcher) WriteSeen() {
	if len(w.nodes) == 1 || w.wrote.Load() || w.wrote.Swap(true) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.roles.primary; p != nobody {
		w.hurry(w.nodes[p], afterWrite)
	}
}

// Look probes every server at once, because something is known to happen: a
// switchover, a hint.
func (w *Watcher) Look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.nodes {
		w.hurry(n, 0)
	}
}

func (w *Watcher) watchMoves() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.moved == nil {
		w.moved = make(chan struct{})
	}
	return w.moved
}

// move wakes who waits; w.mu is held.
func (w *Watcher) move() {
	if w.moved != nil {
		close(w.moved)
		w.moved = nil
	}
}

// watchElection is apart from watchMoves: thousands may wait for a primary,
// and are not woken by each probe.
func (w *Watcher) watchElection() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.elected
}

// pause waits until something is closed, and says why it cannot.
func (w *Watcher) pause(ctx context.Context, closed <-chan struct{}) error {
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.ctx.Done():
		return ErrClosed
	}
}
