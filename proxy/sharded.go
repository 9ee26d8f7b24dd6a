package proxy

import (
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/commit"
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

// randomWord is for names that nobody may foresee.
func randomWord() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return binary.LittleEndian.Uint64(b[:])
}
