package proxy

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
)

const (
	// elsewhereDeaf is how late the news of a write may be: while it is not
	// certain that all from before then was heard, nothing is kept or served.
	elsewhereDeaf = time.Second
	// elsewhereEvery is how often the primary is asked how far it has written.
	elsewhereEvery = 100 * time.Millisecond
	// elsewhereRetry is the pause after a stream that ended; it doubles up to
	// elsewhereRest.
	elsewhereRetry = 250 * time.Millisecond
	elsewhereRest  = 5 * time.Second
	// elsewhereAsk bounds one question to the primary.
	elsewhereAsk = time.Second
	// elsewhereDefinitions bounds the question what the catalog says. For 10 000
	// tables the answer took 0.6 to 0.9 s on a busy machine of two cores, where
	// reading the catalog took 13 s (TestFingerprintOfManyTables).
	elsewhereDefinitions = 10 * time.Second
)

// elsewhere listens to the primary's log for writes that do not go through
// this wye. They move the cluster's clock as its own do. Its goroutine belongs
// to the cluster and ends with it.
type elsewhere struct {
	cluster *cluster
	wake    chan struct{} // a reload may have turned it on or off
	login   atomic.Uint32

	asOf atomic.Int64           // freshness.Instant before which all was heard of; 0: nobody listens
	why  atomic.Pointer[string] // why nobody does
}

func newElsewhere(c *cluster) *elsewhere {
	e := &elsewhere{cluster: c, wake: make(chan struct{}, 1)}
	e.silent("not begun")
	return e
}

// live reports whether whatever was committed a moment ago has been heard of.
func (e *elsewhere) live() bool {
	at := e.asOf.Load()
	return at != 0 && freshness.Instant(at).Age(freshness.Now()) <= elsewhereDeaf
}

// state is "wal", or why the log is not listened to.
func (e *elsewhere) state() string {
	if e.live() {
		return string(config.ElsewhereWAL)
	}
	return *e.why.Load()
}

func (e *elsewhere) silent(why string) {
	e.why.Store(&why)
	e.asOf.Store(0)
}

// look has the configuration looked at.
func (e *elsewhere) look() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

func (e *elsewhere) wanted() bool {
	k := e.cluster.route.Load().cluster.Cache
	return k != nil && k.Elsewhere == config.ElsewhereWAL
}

// run listens while that is wanted, until the cluster is closed.
func (e *elsewhere) run() {
	defer e.cluster.probes.Done()
	retry := elsewhereRetry
	for e.cluster.life.Err() == nil {
		if !e.wanted() {
			e.silent("off")
			select {
			case <-e.wake:
			case <-e.cluster.life.Done():
			}
			continue
		}
		began := time.Now()
		err := e.follow()
		if e.cluster.life.Err() != nil {
			return
		}
		if err != nil && *e.why.Load() != err.Error() {
			e.cluster.log.Warn("writes made elsewhere are not heard of; nothing is served from memory meanwhile", "cluster", e.cluster.name, "error", err.Error())
		}
		if err != nil {
			e.silent(err.Error())
		}
		if time.Since(began) > elsewhereRest || errors.Is(err, errReignOver) {
			retry = elsewhereRetry
		}
		pause(e.cluster.life, retry)
		retry = min(2*retry, elsewhereRest)
	}
}

// follow listens to the present primary until it is another, which is
// errReignOver, or something fails.
func (e *elsewhere) follow() error {
	c := e.cluster
	n, f, err := c.awaitAnyPrimary()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.life)
	defer stop()
	reign := f.reignOf(n)
	defer context.AfterFunc(reign, stop)()
	err = e.followAt(ctx, f.nodes[n])
	if reign.Err() != nil {
		return errReignOver
	}
	return err
}

func (e *elsewhere) followAt(ctx context.Context, node config.Node) error {
	c := e.cluster
	s, err := e.listen(ctx, node)
	if err != nil {
		return err
	}
	defer s.conn.Close()
	ask, err := c.visit(ctx, node, &e.login) // as the same role, which may look at the stream
	if err != nil {
		return err
	}
	defer ask.Close()
	if s.definitions, err = s.fingerprint(ctx, ask); err != nil {
		return err
	}
	c.dropKept(cache.Missed) // what was written up to now was heard of by nobody
	heard := make(chan error, 1)
	go func() { heard <- s.hear() }()
	err = s.keepUp(ctx, ask)
	_ = s.conn.Close() // ends hear
	if why := <-heard; err == nil || errors.Is(err, context.Canceled) {
		err = errors.Join(err, why)
	}
	return err
}

// listen makes a slot, which vanishes with its connection, and begins to
// stream.
func (e *elsewhere) listen(ctx context.Context, node config.Node) (*stream, error) {
	extra := []protocol.Param{{Name: "replication", Value: "database"}, {Name: "application_name", Value: streamName}}
	conn, err := e.cluster.visitAs(ctx, node, &e.login, extra)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*stream, error) {
		_ = conn.Close()
		return nil, fmt.Errorf("logical replication: %w", err)
	}
	slot := fmt.Sprintf("wye_cache_%016x", randomWord())
	e.silent("waiting for the transactions under way to end, so that a replication slot can begin")
	if _, err := askText(ctx, conn, `CREATE_REPLICATION_SLOT "`+slot+`" TEMPORARY LOGICAL test_decoding NOEXPORT_SNAPSHOT`); err != nil {
		return fail(err)
	}
	begin := `START_REPLICATION SLOT "` + slot + `" LOGICAL 0/0 ("include-xids" '1', "skip-empty-xacts" '0')`
	s := &stream{elsewhere: e, conn: conn, news: make(chan struct{}, 1)}
	if err := s.begin(ctx, begin); err != nil {
		return fail(err)
	}
	return s, nil
}
