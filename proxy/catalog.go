package proxy

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/router"
	"github.com/wyeproxy/wye/router/catalog"
)

const (
	// catalogEvery is how often the catalog is read again although nobody
	// changed it through this proxy: others may have.
	catalogEvery = 30 * time.Second
	// catalogTimeout bounds one reading. Queries waits two seconds for a
	// lock; the rest is for very large catalogs.
	catalogTimeout = 30 * time.Second
	// catalogMissed is how old it must be to be read again for a statement
	// that names what it lacks.
	catalogMissed = 2 * time.Second
	// catalogRetry is the pause after a reading that failed; it doubles up
	// to catalogEvery.
	catalogRetry = 250 * time.Millisecond
)

// catalogLoader keeps the router's snapshot of one cluster's database.
type catalogLoader struct {
	mu      sync.Mutex // guards changes, and which snapshot is used
	changes uint64     // counts DDL
	wake    chan struct{}
	readAt  atomic.Int64 // freshness.Instant at which the last reading began, or was asked for

	// Of the lead shard of a sharded cluster: told of each snapshot that
	// comes into use, and that there is none any more.
	loaded    func(*catalog.Snapshot)
	forgotten func()
	// Of each shard: told of each reading, by the goroutine that reads.
	compare func(*catalog.Snapshot)
}

// forget is told that the catalog has changed: what is known proves nothing
// until it was read again.
func (l *catalogLoader) forget(r *router.Router) {
	l.mu.Lock()
	l.changes++
	r.Use(nil)
	if l.forgotten != nil {
		l.forgotten()
	}
	l.mu.Unlock()
	l.hurry()
}

// missed is told that a statement names what the snapshot lacks, which may
// have been made behind wye's back. Only one of many asks for a reading, which
// is not followed by another at once.
func (l *catalogLoader) missed() {
	last, now := l.readAt.Load(), freshness.Now()
	if freshness.Instant(last).Age(now) > catalogMissed && l.readAt.CompareAndSwap(last, int64(now)) {
		l.hurry()
	}
}

// seen counts the changes so far.
func (l *catalogLoader) seen() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changes
}

// use has the router use a snapshot, unless the catalog has changed since it
// was begun to be read.
func (l *catalogLoader) use(r *router.Router, s *catalog.Snapshot, changes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changes != changes {
		l.hurry()
		return
	}
	r.Use(s)
	if l.loaded != nil {
		l.loaded(s)
	}
}

// hurry has the catalog read soon.
func (l *catalogLoader) hurry() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// loadCatalogs reads the catalog whenever that is due, until the cluster is
// closed.
func (c *cluster) loadCatalogs() {
	defer c.probes.Done()
	timer := time.NewTimer(0)
	defer timer.Stop()
	retry := catalogRetry
	failing := false
	for {
		select {
		case <-c.life.Done():
			return
		case <-c.catalog.wake:
		case <-timer.C:
		}
		if !c.splits() && !c.route.Load().shard && !caches(&c.route.Load().cluster) {
			timer.Reset(catalogEvery)
			continue
		}
		err := c.loadCatalog()
		switch {
		case c.life.Err() != nil:
			return
		case err == nil:
			failing, retry = false, catalogRetry
			timer.Reset(catalogEvery)
			continue
		case !failing:
			c.log.Warn("the catalog could not be read; reads that need it go to the primary", "cluster", c.name, "error", err.Error())
		}
		failing = true
		timer.Reset(retry)
		retry = min(2*retry, catalogEvery)
	}
}

// loadCatalog reads the catalog of the primary, as soon as there is one.
func (c *cluster) loadCatalog() error {
	n, f, err := c.awaitAnyPrimary()
	if err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(c.life, catalogTimeout)
	defer stop()
	changes := c.catalog.seen()
	conn, err := c.visit(ctx, f.nodes[n], &f.login)
	if err != nil {
		return err
	}
	c.catalog.readAt.Store(int64(freshness.Now()))
	results, err := askAll(ctx, conn, catalog.Queries)
	_ = conn.Close()
	if err != nil {
		return err
	}
	snapshot, err := catalog.Build(results)
	if err != nil {
		return fmt.Errorf("reading the catalog: %w", err)
	}
	c.catalog.use(c.router, snapshot, changes)
	if c.catalog.compare != nil {
		c.catalog.compare(snapshot)
	}
	return nil
}

// awaitAnyPrimary waits for a primary of whatever fleet there is.
func (c *cluster) awaitAnyPrimary() (int, *fleet, error) {
	for {
		f := c.fleet.Load()
		n, err := f.awaitBriefly(c.life, catalogRetry)
		if err == nil || c.life.Err() != nil {
			return n, f, err
		}
	}
}

// splits reports whether reads may go to replicas.
func (c *cluster) splits() bool { return splits(&c.route.Load().cluster) }
