package proxy

import (
	"context"
	"time"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/stats"
)

// control is what the console may do to a Server. It implements
// admin.Control.
type control struct{ s *Server }

func (c *control) Snapshot() *stats.Snapshot { return c.s.Snapshot() }

// named returns the clusters that a verb is about.
func (c *control) named(database string) ([]*cluster, error) {
	if database == "" {
		return c.s.clusterList(), nil
	}
	cl := c.s.cluster(database)
	if cl == nil {
		return nil, pgerror.Newf(pgerror.InvalidCatalogName, `database "%s" does not exist`, database)
	}
	return []*cluster{cl}, nil
}

// each does something to every pool of the named clusters.
func (c *control) each(database string, f func(*cluster, *userPool)) error {
	clusters, err := c.named(database)
	for _, cl := range clusters {
		for _, shard := range cl.shards() {
			for _, p := range shard.all() {
				f(cl, p)
			}
		}
	}
	return err
}

// pollEvery is how often a waiting verb looks whether it is done.
const pollEvery = 10 * time.Millisecond

// until waits for a condition, or for ctx.
func until(ctx context.Context, done func() bool) error {
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		}
	}
	return nil
}

func (c *control) Pause(ctx context.Context, database string) error {
	clusters, err := c.named(database)
	if err != nil {
		return err
	}
	var changed []*cluster
	for _, cl := range clusters {
		if cl.setPaused(true) {
			changed = append(changed, cl)
		}
	}
	err = until(ctx, func() bool {
		quiet := true
		_ = c.each(database, func(_ *cluster, p *userPool) {
			n := p.Counts(time.Now())
			quiet = quiet && n.Active == 0 && n.Dialling == 0
		})
		return quiet
	})
	if err != nil { // cancelled: it has not happened
		for _, cl := range changed {
			cl.setPaused(false)
		}
	}
	return err
}

// Suspend holds all traffic as Pause does; server conns that are idle are
// closed, since a pool reopens them faster than an operator types.
func (c *control) Suspend(ctx context.Context) error {
	c.s.suspended.Store(true)
	err := c.Pause(ctx, "")
	if err != nil {
		c.s.suspended.Store(false)
	}
	return err
}

func (c *control) Resume(database string) error {
	clusters, err := c.named(database)
	if err != nil {
		return err
	}
	any := c.s.suspended.Swap(false)
	for _, cl := range clusters {
		any = cl.setPaused(false) || any
	}
	if !any {
		return pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "nothing is paused")
	}
	return nil
}

// setPaused pauses or resumes all pools; it reports whether that changed
// anything.
func (c *cluster) setPaused(paused bool) bool {
	c.others(func(peer *cluster) { peer.setPaused(paused) })
	c.mu.Lock()
	changed := c.paused != paused
	c.paused = paused
	c.mu.Unlock()
	for _, p := range c.all() {
		if paused {
			p.Pause()
		} else {
			p.Resume()
		}
	}
	return changed
}

func (c *control) Disable(database string) error { return c.setDisabled(database, true) }
func (c *control) Enable(database string) error  { return c.setDisabled(database, false) }

func (c *control) setDisabled(database string, disabled bool) error {
	clusters, err := c.named(database)
	for _, cl := range clusters {
		cl.disabled.Store(disabled)
	}
	return err
}

func (c *control) Reconnect(database string) error {
	return c.each(database, func(_ *cluster, p *userPool) { p.Reconnect() })
}

func (c *control) FlushCache(table string) error {
	found := false
	for _, cl := range c.s.clusterList() {
		if kept := cl.kept.Load(); kept != nil {
			found = true
			if table == "" {
				kept.FlushAll(cache.Flushed)
			} else {
				kept.Flush(table)
			}
		}
	}
	if !found {
		return pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "no database has a cache").
			WithHint("Give a cluster a section cache in the configuration.")
	}
	return nil
}

func (c *control) WaitClose(ctx context.Context, database string) error {
	if _, err := c.named(database); err != nil {
		return err
	}
	return until(ctx, func() bool {
		old := 0
		_ = c.each(database, func(_ *cluster, p *userPool) { old += p.Outdated() })
		return old == 0
	})
}

// Kill ends every client of the database at once, and leaves it paused.
func (c *control) Kill(database string) error {
	clusters, err := c.named(database)
	for _, cl := range clusters {
		cl.setPaused(true)
		for _, sess := range c.s.env.Registry.All() {
			if sess.Database() == cl.name {
				sess.End(errKilled, true)
			}
		}
	}
	return err
}

var errKilled = pgerror.Fatal(pgerror.AdminShutdown, "terminating connection due to administrator command")

func (c *control) KillClient(id uint64) error {
	sess := c.s.env.Registry.ByID(id)
	if sess == nil {
		return pgerror.Newf(pgerror.UndefinedObject, "client %d does not exist", id).WithHint("SHOW CLIENTS has the ids")
	}
	sess.End(errKilled, true)
	return nil
}

func (c *control) Reload() error { return c.s.Reload() }

func (c *control) Shutdown(mode admin.ShutdownMode) error {
	c.s.endMode.Store(int32(mode))
	c.s.endOnce.Do(func() { close(c.s.ended) })
	return nil
}

// ShutdownNow reports whether the console asked for an end without waiting.
func (s *Server) ShutdownNow() bool {
	return admin.ShutdownMode(s.endMode.Load()) == admin.ShutdownNow
}

// PauseAll pauses every cluster without waiting, as SIGUSR1 does.
func (s *Server) PauseAll() {
	for _, c := range s.clusterList() {
		c.setPaused(true)
	}
}

// ResumeAll ends PauseAll.
func (s *Server) ResumeAll() {
	for _, c := range s.clusterList() {
		c.setPaused(false)
	}
}
