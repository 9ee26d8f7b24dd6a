package proxy

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/commit"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// sharded is what a cluster of several shards has beside the cluster of each:
// the map, who plans by it, and who commits across them. The lead shard's
// cluster is the one that clients find by name; it holds this.
type sharded struct {
	peers     []*cluster // of all shards, by index in the map; the first is the lead
	places    atomic.Pointer[shards.Map]
	snapshots []atomic.Pointer[catalog.Snapshot] // of each shard but the lead, as last read
	planner   *planner
	limits    atomic.Pointer[session.GatherLimits]
	committer *commit.Coordinator
	budget    *commit.Budget
	recovery  *commit.Recovery
	drift     *drift
	notes     []atomic.Pointer[string] // by shard: why it is not ready, as SHOW SHARDS says
}

// newSharded makes the peers of lead, the cluster of the first shard.
func newSharded(lead *cluster, r *route, s *Server) *sharded {
	sh := &sharded{peers: []*cluster{lead}, snapshots: make([]atomic.Pointer[catalog.Snapshot], 1+len(r.others))}
	for i, other := range r.others {
		peer := newCluster(lead.name, other, s)
		peer.kept = lead.kept
		peer.catalog.loaded = func(s *catalog.Snapshot) { sh.snapshots[i+1].Store(s) }
		peer.catalog.compare = func(s *catalog.Snapshot) { sh.drift.loaded(i+1, s) }
		sh.peers = append(sh.peers, peer)
	}
	sh.notes = make([]atomic.Pointer[string], len(sh.peers))
	for k := range sh.notes {
		sh.note(k, "it was not checked yet")
	}
	sh.places.Store(r.places)
	sh.limits.Store(gatherLimits(&r.whole))
	sh.planner = newPlanner(sh)
	sh.drift = newDrift(sh)
	lead.catalog.loaded = sh.planner.use
	lead.catalog.compare = func(s *catalog.Snapshot) { sh.drift.loaded(0, s) }
	lead.catalog.forgotten = sh.planner.forget
	sh.budget = commit.NewBudget(budgetWait)
	var err error
	sh.committer, err = commit.New(commit.Options{Cluster: lead.name, Dial: sh.dialAdmin, Now: time.Now, Random: randomWord, Budget: sh.budget})
	if err != nil {
		panic(err) // newRoute has asked before
	}
	sh.recovery = commit.NewRecovery(sh.committer, commit.RecoveryOptions{
		Shards: len(sh.peers), Log: s.log.With("cluster", lead.name),
		Finished: func(k int) { sh.peers[k].clock.Wrote(freshness.Now(), nil, true) },
	})
	return sh
}

// budgetWait is how long a commit waits for others when a shard has no room
// for a further prepared transaction.
const budgetWait = 5 * time.Second

// gatherLimits are what the configuration says of putting rows together and
// of writes across shards.
func gatherLimits(c *config.Cluster) *session.GatherLimits {
	modes := map[config.MultiShardWrite]session.WriteMode{
		config.WriteTwoPhase: session.TwoPhase, config.WriteBestEffort: session.BestEffort, config.WriteRefuse: session.RefuseWrites,
	}
	return &session.GatherLimits{
		Gather: c.Gather.Enabled, MaxRows: c.Gather.MaxRows, MaxSize: c.Gather.MaxBytes, Timeout: c.Gather.Timeout,
		LocalSequences: c.Sharding.LocalSequences, LocalUnique: c.Sharding.TrustUnique, LocalTriggers: c.Sharding.TrustTriggers,
		WeakSnapshots: c.WeakSnapshots, Writes: modes[c.MultiShardWrite],
	}
}

// shards are the clusters of all shards: one, where there are none.
func (c *cluster) shards() []*cluster {
	if c.sharded == nil {
		return []*cluster{c}
	}
	return c.sharded.peers
}

// sessionShards is what a session of this user is told of the shards, with
// their pools, which are made here at the user's first visit.
func (c *cluster) sessionShards(user string, u *config.User, lead *userPool) (*session.Shards, []*userPool) {
	sh := c.sharded
	all := &session.Shards{Database: c.name, User: user, Planner: sh.planner, Committer: sh.committer, Limits: &sh.limits, Path: &lead.path}
	pools := []*userPool{lead}
	for i, peer := range sh.peers {
		p := lead
		if i > 0 {
			p = peer.pool(user, u)
			pools = append(pools, p)
		}
		all.List = append(all.List, session.Shard{Name: sh.places.Load().Shards()[i], Pool: p.Pool, Servers: p})
	}
	return all, pools
}

// primaryPatience is how long a question of wye's own waits for a shard to
// have a primary.
const primaryPatience = time.Second

// dialAdmin is a commit.Dialer: a connection of wye's own to a shard's
// primary.
func (sh *sharded) dialAdmin(ctx context.Context, shard int) (commit.AdminConn, error) {
	c := sh.peers[shard]
	f := c.fleet.Load()
	n, err := f.awaitBriefly(ctx, primaryPatience)
	if err != nil {
		return nil, fmt.Errorf("shard %d: %w", shard, errNoPrimary)
	}
	conn, err := c.visit(ctx, f.nodes[n], &f.login)
	if err != nil {
		return nil, err
	}
	return &adminConn{conn: conn}, nil
}

// adminConn is a server conn of wye's own, as package commit wants it.
type adminConn struct{ conn *protocol.ServerConn }

// Exec implements commit.Conn.
func (a *adminConn) Exec(ctx context.Context, sql string) (string, error) {
	answer, err := askText(ctx, a.conn, sql)
	if err != nil {
		return "", err
	}
	return answer.tag, nil
}

// Query implements commit.AdminConn.
func (a *adminConn) Query(ctx context.Context, sql string) ([][]string, error) {
	return askRows(ctx, a.conn, sql)
}

// Close implements commit.AdminConn.
func (a *adminConn) Close() { a.conn.Terminate() }

// begin starts the other shards, and what readies them all for statements.
func (sh *sharded) begin(lead *cluster) {
	lead.others((*cluster).begin)
	lead.probes.Add(2)
	prepared := make(chan struct{})
	go sh.prepare(lead, prepared)
	go sh.recover(lead, prepared)
}

// recoverAnyway is how long recovery waits for all shards to be prepared: it
// reads what that makes, but must work while one of them is down.
const recoverAnyway = 5 * time.Second

// recover finishes what was left prepared, until the cluster is closed.
func (sh *sharded) recover(lead *cluster, prepared <-chan struct{}) {
	defer lead.probes.Done()
	timer := time.NewTimer(recoverAnyway)
	defer timer.Stop()
	select {
	case <-prepared:
	case <-timer.C:
	case <-lead.life.Done():
	}
	sh.recovery.Run(lead.life)
}

// prepareRetry is the pause before shards are asked again that could not be
// prepared.
const prepareRetry = 500 * time.Millisecond

// prepare sees to it that every shard hashes as we do, without which no
// statement is served, and can take part in commits across shards.
func (sh *sharded) prepare(lead *cluster, prepared chan<- struct{}) {
	defer lead.probes.Done()
	defer close(prepared)
	said := make([]string, len(sh.peers))
	for left := shards.All(len(sh.peers)); left != 0 && lead.life.Err() == nil; {
		for k := range left.Each {
			err := sh.prepareShard(lead.life, k)
			if err == nil {
				left &^= shards.One(k)
				continue
			}
			sh.note(k, err.Error())
			if text := err.Error(); text != said[k] && lead.life.Err() == nil {
				said[k] = text
				lead.log.Warn("shard is not ready", "cluster", lead.name, "shard", sh.places.Load().Shards()[k], "error", text)
			}
		}
		sh.planner.checked.Store(uint64(shards.All(len(sh.peers)) &^ left))
		if left != 0 {
			pause(lead.life, prepareRetry)
		}
	}
}

// shardTimeout bounds the preparation of one shard.
const shardTimeout = 10 * time.Second

func (sh *sharded) prepareShard(ctx context.Context, k int) error {
	ctx, stop := context.WithTimeout(ctx, shardTimeout)
	defer stop()
	conn, err := sh.dialAdmin(ctx, k)
	if err != nil {
		return err
	}
	defer conn.Close()
	sql, want := shardfunc.SelfCheck()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return errors.New("the hash check gave no row")
	}
	if diff := shardfunc.Differs(rows[0][0], want); diff != "" {
		return fmt.Errorf("the server hashes otherwise than wye, so nothing is served: %s", diff)
	}
	sh.note(k, "")
	if sh.limits.Load().Writes == session.TwoPhase {
		sh.prepareCommits(ctx, conn, k)
	}
	return nil
}

// prepareCommits readies a shard for commits by two phases. Without them all
// else works: it is a warning.
func (sh *sharded) prepareCommits(ctx context.Context, conn commit.AdminConn, k int) {
	log := sh.peers[0].log
	most, err := commit.Check(ctx, conn, k)
	if err == nil {
		err = commit.Setup(ctx, conn, sh.peers[0].name, k)
	}
	if err != nil {
		sh.note(k, "transactions that write on several shards will fail: "+err.Error())
		log.Warn("transactions that write on several shards will fail", "cluster", sh.peers[0].name, "shard", k, "error", err.Error())
		return
	}
	sh.budget.Limit(k, most, 1)
}

// others calls f with the clusters of all shards but the lead.
func (c *cluster) others(f func(*cluster)) {
	if c.sharded != nil {
		for _, peer := range c.sharded.peers[1:] {
			f(peer)
		}
	}
}

// allNodes are the servers of all shards.
func (c *cluster) allNodes() (nodes []config.Node) {
	for _, shard := range c.shards() {
		nodes = append(nodes, shard.route.Load().cluster.Nodes...)
	}
	return nodes
}

// countsOf counts a user's server conns on all shards.
func (c *cluster) countsOf(user string, at time.Time) (sum connpool.Counts) {
	for i, shard := range c.shards() {
		p := shard.all()[user]
		switch {
		case p == nil:
		case i == 0:
			sum = p.Counts(at)
		default:
			n := p.Counts(at)
			sum.Active += n.Active
			sum.Idle += n.Idle
			sum.Dialling += n.Dialling
			sum.LongestWait = max(sum.LongestWait, n.LongestWait)
		}
	}
	return sum
}

// reconfigure applies what a reload says: the number of shards is the same.
func (sh *sharded) reconfigure(r *route, cfg *config.Config) {
	sh.limits.Store(gatherLimits(&r.whole))
	sh.places.Store(r.places)
	for i, other := range r.others {
		sh.peers[i+1].reconfigure(other, cfg)
	}
	sh.planner.forget()
	sh.peers[0].catalog.hurry()
}

// newShardedRoute prepares the routes of all shards.
func newShardedRoute(c config.Cluster) (*route, error) {
	places, problems := shards.New(c.ShardSpec())
	for _, p := range problems {
		return nil, fmt.Errorf("clusters.%s.%s", c.Name, p)
	}
	if _, err := commit.New(commit.Options{Cluster: c.Name}); err != nil {
		return nil, fmt.Errorf("clusters.%s: %w", c.Name, err)
	}
	var lead *route
	for _, one := range c.Shards {
		part := c
		part.Nodes, part.Shards = one.Nodes, nil
		r, err := newRoute(part)
		if err != nil {
			return nil, err
		}
		r.shard = true
		if lead == nil {
			lead = r
			lead.whole, lead.places = c, places
			continue
		}
		lead.others = append(lead.others, r)
	}
	return lead, nil
}

// keepsRows says why a reload cannot have the new route: the number and order
// of shards stand in the names of prepared transactions, and no row may be
// looked for where it is not. What has no rows yet may be mapped.
func keepsRows(old, next *route) error {
	switch {
	case old.places == nil && next.places == nil:
		return nil
	case old.places == nil || next.places == nil || !slices.Equal(old.places.Shards(), next.places.Shards()):
		return errors.New("shards: adding, removing or renaming shards needs a restart")
	}
	for _, m := range shards.Diff(old.places, next.places) {
		if m.Group != "" && m.From == "" && m.To != "" {
			continue // keys that no shard had a place for
		}
		what := "maps." + m.Group
		if m.Group == "" {
			what = "tables." + m.Table
		}
		return fmt.Errorf("%s: its rows would be looked for on other shards than they are on (%s); move them, then restart", what, m.What)
	}
	return nil
}

// randomWord is for names that nobody may foresee.
func randomWord() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.LittleEndian.Uint64(b[:])
}
