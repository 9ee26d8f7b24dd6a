package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
)

const (
	// switchTimeout bounds a switchover. Clients wait meanwhile, so it stays
	// below the usual timeouts of theirs.
	switchTimeout = 30 * time.Second
	// switchPoll is how often the heir is asked whether it has all.
	switchPoll = 2 * time.Millisecond
	// walPage is XLOG_BLCKSZ of all but servers built otherwise; there a
	// switchover may wait in vain, and changes nothing.
	walPage = 8192
)

// Switchover makes another node the primary of the cluster: the one named, or
// the freshest replica. New transactions wait while those under way end and
// the heir takes in all that the primary has written; then it is promoted,
// and the old primary fenced. Whatever goes wrong before the promotion leaves
// everything as it was.
func (c *control) Switchover(ctx context.Context, database, node string) (string, error) {
	clusters, err := c.named(database)
	if err != nil {
		return "", err
	}
	if len(clusters) != 1 {
		return "", pgerror.New(pgerror.InvalidParameterValue, "there are several databases").WithHint("SWITCHOVER database [node]")
	}
	ctx, stop := context.WithTimeout(ctx, switchTimeout)
	defer stop()
	cl := clusters[0]
	s := switchover{cluster: cl, fleet: cl.fleet.Load()}
	if err := s.choose(node); err != nil {
		return "", err
	}
	began := time.Now()
	paused := cl.setPaused(true)
	err = s.run(ctx)
	if paused {
		cl.setPaused(false)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s is the primary now; clients waited for %v. %s is fenced and still takes writes from others: stop it, and let it follow",
		s.fleet.nodes[s.heir].Addr, time.Since(began).Round(time.Millisecond), s.fleet.nodes[s.old].Addr), nil
}

// switchover is one under way.
type switchover struct {
	cluster   *cluster
	fleet     *fleet
	old, heir int
}

// choose finds the primary and the heir.
func (s *switchover) choose(node string) error {
	f := s.fleet
	var ok bool
	if s.old, ok = f.primary(); !ok {
		return errNoPrimary
	}
	s.heir = -1
	var best freshness.Instant
	for i, n := range f.nodes {
		named := node != "" && n.Addr == node
		if named && i == s.old {
			return pgerror.Newf(pgerror.ObjectNotInPrerequisiteStat, "%s is the primary already", node)
		}
		if !f.watch.Replica(i) || node != "" && !named {
			continue
		}
		if as := s.cluster.clock.FreshAsOf(i); s.heir < 0 || as > best {
			s.heir, best = i, as
		}
	}
	if s.heir < 0 {
		return pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "there is no such replica that is up").
			WithHint("SHOW HOSTS has the nodes and what is wrong with them")
	}
	return nil
}

func (s *switchover) run(ctx context.Context) error {
	err := until(ctx, func() bool {
		for _, p := range s.cluster.all() {
			if n := p.Pool.Counts(time.Now()); n.Active > 0 || n.Dialling > 0 {
				return false
			}
		}
		return true
	})
	if err != nil {
		return pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "transactions did not end in time; nothing was changed").
			WithHint("SHOW CLIENTS has the clients that are active")
	}
	if err := s.catchUp(ctx); err != nil {
		return fmt.Errorf("waiting for the replica: %w; nothing was changed", err)
	}
	if _, err := s.ask(ctx, s.heir, "SELECT pg_catalog.pg_promote(false)"); err != nil {
		return promoteError(err)
	}
	s.fleet.watch.Look()
	return s.accepted(ctx)
}

// promoteError says what the role that wye looks with lacks.
func promoteError(err error) error {
	var e *pgerror.Error
	if errors.As(err, &e) && e.Code == pgerror.InsufficientPrivilege {
		return pgerror.New(pgerror.InsufficientPrivilege, "wye may not promote a server; nothing was changed").
			WithHint("GRANT EXECUTE ON FUNCTION pg_promote TO the role of health.user")
	}
	return fmt.Errorf("promoting the replica: %w", err)
}

// catchUp waits until the heir has replayed all that the primary has written.
func (s *switchover) catchUp(ctx context.Context) error {
	text, err := s.ask(ctx, s.old, "SELECT pg_catalog.pg_current_wal_insert_lsn()::pg_catalog.text")
	if err != nil {
		return err
	}
	lsn, err := freshness.ParseLSN(text)
	if err != nil {
		return err
	}
	lsn = freshness.RecordEnd(lsn, walPage)
	for {
		behind, err := s.ask(ctx, s.heir, "SELECT (pg_catalog.pg_last_wal_replay_lsn() < '"+lsn.String()+"'::pg_catalog.pg_lsn)::pg_catalog.text")
		if err != nil || behind == "false" {
			return err
		}
		pause(ctx, switchPoll)
	}
}

// accepted waits until the watcher takes the heir for the primary.
func (s *switchover) accepted(ctx context.Context) error {
	return until(ctx, func() bool {
		n, ok := s.fleet.primary()
		if !ok || n != s.heir {
			s.fleet.watch.Look()
		}
		return ok && n == s.heir
	})
}

// ask asks a node one thing, over a connection of its own.
func (s *switchover) ask(ctx context.Context, node int, sql string) (string, error) {
	conn, err := s.cluster.visit(ctx, s.node(node), &s.fleet.login)
	if err != nil {
		return "", err
	}
	defer conn.Terminate()
	results, err := askAll(ctx, conn, sql)
	if err != nil {
		return "", err
	}
	if len(results) != 1 || len(results[0]) != 1 || results[0][0][0] == nil {
		return "", errors.New("no answer")
	}
	return *results[0][0][0], nil
}

func (s *switchover) node(i int) config.Node { return s.fleet.nodes[i] }
