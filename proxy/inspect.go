package proxy

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards/commit"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// inspectTimeout bounds what is asked of one server.
const inspectTimeout = 10 * time.Second

// Inspect logs in to the servers of all clusters, as `wye run` would for its
// own questions, and says in a line each what is wrong: a server that cannot
// be asked, a cluster or shard without a primary, a shard that lacks what
// sharding needs, and where shards differ. It changes nothing on any server.
// An error means that the configuration could not be applied.
func Inspect(ctx context.Context, cfg *config.Config) (wrong []string, err error) {
	s, err := New(cfg, Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer s.env.Hangups.Close()
	defer s.env.SQL.Close()
	list := s.clusterList()
	slices.SortFunc(list, func(a, b *cluster) int { return cmp.Compare(a.name, b.name) })
	for _, c := range list {
		wrong = append(wrong, c.inspect(ctx)...)
	}
	return wrong, nil
}

func (c *cluster) inspect(ctx context.Context) (wrong []string) {
	say := func(k int, what string) {
		where := "cluster " + c.name
		if c.sharded != nil && k >= 0 {
			where += ", shard " + c.sharded.nameOf(k)
		}
		wrong = append(wrong, where+": "+what)
	}
	var lead *catalog.Snapshot
	for k, peer := range c.shards() {
		here := peer.inspectPrimary(ctx, func(what string) { say(k, what) })
		switch {
		case k == 0:
			lead = here
		case lead != nil && here != nil:
			for _, d := range catalog.Compare(lead, here, onOneShard(c.sharded.places.Load())) {
				say(k, d.String())
			}
		}
	}
	return wrong
}

// inspectPrimary finds the primary among the servers of c, which is one shard
// or not sharded, and returns a shard's catalog.
func (c *cluster) inspectPrimary(ctx context.Context, say func(what string)) (s *catalog.Snapshot) {
	primaries := 0
	for _, node := range c.route.Load().cluster.Nodes {
		ctx, stop := context.WithTimeout(ctx, inspectTimeout)
		defer stop()
		var login atomic.Uint32
		conn, err := c.visit(ctx, node, &login)
		if err != nil {
			say(fmt.Sprintf("%s: %v", node.Addr, err))
			continue
		}
		rows, err := askRows(ctx, conn, "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('server_encoding'), "+
			"pg_catalog.current_setting('is_superuser')")
		switch {
		case err != nil || len(rows) != 1:
			say(fmt.Sprintf("%s: it did not say what it is: %v", node.Addr, err))
		case rows[0][0] == "f":
			primaries++
			if c.route.Load().shard {
				s = c.inspectShard(ctx, conn, rows[0], func(what string) { say(node.Addr + ": " + what) })
			}
		}
		_ = conn.Close()
	}
	if primaries != 1 {
		say(fmt.Sprintf("%d of its servers are primaries, want one", primaries))
	}
	return s
}

func (c *cluster) inspectShard(ctx context.Context, conn *protocol.ServerConn, facts []string, say func(what string)) *catalog.Snapshot {
	if facts[1] != "UTF8" {
		say("the database is in " + facts[1] + ", and shards must be in UTF8")
	}
	sql, want := shardfunc.SelfCheck()
	rows, err := askRows(ctx, conn, sql)
	switch {
	case err != nil || len(rows) != 1:
		say(fmt.Sprintf("the hash check failed: %v", err))
	case shardfunc.Differs(rows[0][0], want) != "":
		say("the server hashes otherwise than wye: " + shardfunc.Differs(rows[0][0], want))
	}
	if gatherLimits(&c.route.Load().cluster).Writes == session.TwoPhase {
		if facts[2] != "on" {
			say("the login of health is no superuser, which commits on several shards need")
		}
		if _, err := commit.Check(ctx, &adminConn{conn: conn}, 0); err != nil {
			say("max_prepared_transactions, which commits on several shards need: " + err.Error())
		}
	}
	results, err := askAll(ctx, conn, catalog.Queries)
	if err != nil {
		say(fmt.Sprintf("the catalog could not be read: %v", err))
		return nil
	}
	s, err := catalog.Build(results)
	if err != nil {
		say(fmt.Sprintf("the catalog could not be read: %v", err))
		return nil
	}
	return s
}
