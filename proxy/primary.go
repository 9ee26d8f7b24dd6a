package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/watch"
)

var errNoPrimary = pgerror.New(pgerror.CannotConnectNow, "no primary server is reachable").
	WithHint("the primary was lost, and no other server has taken its place; SHOW HOSTS of wye's console has what is known of them")

const (
	// lookAgain is how often somebody who waits for a primary looks whether
	// it is in vain.
	lookAgain = 50 * time.Millisecond
	// dialAgain is the pause after a second dial in a row that failed.
	dialAgain = 20 * time.Millisecond
)

// Dial logs in to the cluster's primary, as the watcher knows it; while a
// lost one may still be replaced, it waits for the new one. Where the watcher
// knows nothing, because nothing was ever up or no server lets it in, the
// servers are tried in turn.
func (d *servers) Dial(ctx context.Context) (*protocol.ServerConn, error) {
	for {
		f := d.cluster.fleet.Load()
		var conn *protocol.ServerConn
		var err error
		if f.seesPrimaries(ctx) {
			conn, err = d.dialPrimary(ctx, f)
		} else {
			conn, err = d.dialAny(ctx)
		}
		replaced := f != d.cluster.fleet.Load() || errors.Is(err, watch.ErrClosed)
		if err == nil || ctx.Err() != nil || !replaced {
			return conn, err
		}
		pause(ctx, dialAgain)
	}
}

// seesPrimaries reports whether the watcher's word on the primary is to be
// waited for. At the start it is given the time to hear all servers once.
func (f *fleet) seesPrimaries(ctx context.Context) bool {
	if f.found.Load() || len(f.nodes) == 1 || !f.begun.Load() {
		return f.found.Load()
	}
	ctx, stop := context.WithTimeout(ctx, 2*f.health.Timeout)
	defer stop()
	for ctx.Err() == nil && !f.ask.blind() {
		if _, err := f.awaitBriefly(ctx, lookAgain); err == nil {
			return true
		}
	}
	return !f.ask.blind()
}

// awaitBriefly waits for a primary, but not for long.
func (f *fleet) awaitBriefly(ctx context.Context, most time.Duration) (int, error) {
	ctx, stop := context.WithTimeout(ctx, most)
	defer stop()
	n, err := f.watch.AwaitPrimary(ctx)
	if err == watch.ErrClosed {
		pause(ctx, dialAgain)
	}
	return n, err
}

func (d *servers) dialPrimary(ctx context.Context, f *fleet) (*protocol.ServerConn, error) {
	window := f.cluster.route.Load().cluster.Failover.Buffer.Window
	began := time.Now()
	for failed := 0; ; failed++ {
		n, err := f.awaitPrimary(ctx, window-time.Since(began))
		if err != nil {
			return nil, err
		}
		conn, err := d.dialNode(ctx, f, n)
		over := errors.Is(err, errReignOver)
		if err == nil || !over && !unreachable(err) || ctx.Err() != nil {
			return conn, err
		}
		if !over {
			d.cluster.log.Warn("server not usable", "cluster", d.cluster.name, "server", f.nodes[n].Addr, "user", d.user, "error", err.Error())
			f.suspectPrimary(n)
		}
		switch {
		case over && f.closed():
			return nil, watch.ErrClosed
		case over && time.Since(began) >= window:
			return nil, errNoPrimary
		case time.Since(began) >= window:
			return nil, err
		case failed > 0:
			pause(ctx, dialAgain)
		}
	}
}

// suspectPrimary is suspect for a dial that failed, unless another is the
// primary by now.
func (f *fleet) suspectPrimary(n int) {
	if now, ok := f.primary(); ok && now == n || len(f.nodes) == 1 {
		f.ask.kept[n].outcome.Store(neverAsked)
		f.suspect(n)
	}
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// awaitPrimary waits for a primary as long as there is hope, but not longer
// than most. The only server of a cluster will do whatever it is, if it
// answers.
func (f *fleet) awaitPrimary(ctx context.Context, most time.Duration) (int, error) {
	began := time.Now()
	for {
		n, ok := f.primary()
		switch {
		case ok:
			return n, nil
		case len(f.nodes) == 1 && f.ask.kept[0].outcome.Load() == didAnswer:
			return 0, nil
		}
		wait := min(f.hopeful(), most-time.Since(began), lookAgain)
		if wait <= 0 {
			return 0, errNoPrimary
		}
		_, err := f.awaitBriefly(ctx, wait)
		if err != nil && !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return 0, err
		}
	}
}

// dialNode logs in to the primary n, as long as it is the primary; its error is
// errReignOver when it is not any more.
func (d *servers) dialNode(ctx context.Context, f *fleet, n int) (*protocol.ServerConn, error) {
	r := d.cluster.route.Load()
	ctx, stop := context.WithTimeout(ctx, r.cluster.Backend.ConnectTimeout)
	defer stop()
	reign := f.reignOf(n)
	defer context.AfterFunc(reign, stop)()
	conn, err := d.login(ctx, r, f.nodes[n])
	if err != nil && reign.Err() != nil {
		return nil, errReignOver
	}
	if err != nil {
		return nil, err
	}
	if standby, _ := recovery(conn); standby && len(f.nodes) > 1 {
		conn.Terminate()
		return nil, errNotPrimary
	}
	return conn, nil
}
