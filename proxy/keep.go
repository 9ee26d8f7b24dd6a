package proxy

import (
	"fmt"
	"slices"

	"github.com/wyeproxy/wye/cache"
	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/freshness"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// caches reports whether answers are kept for clients of the cluster.
func caches(c *config.Cluster) bool { return c.Cache != nil }

// checkRules refuses rules that could fit no statement, for reasons that only
// the grammar knows.
func checkRules(c *config.Cluster, read func([]byte) *sqlparse.Statement) error {
	if c.Cache == nil {
		return nil
	}
	for _, r := range c.Cache.Rules {
		if r.Statement == "" {
			continue
		}
		if st := read([]byte(r.Statement)); !st.Parsed() || st.Kind() != sqlparse.KindSelect {
			return fmt.Errorf("clusters.%s.cache.rules.%s.statement: %q is not one SELECT", c.Name, r.Name, r.Statement)
		}
	}
	return nil
}

// keep makes the cluster's cache as large as its configuration says. What is
// in it outlives a reload, unless the cache is turned off.
func (c *cluster) keep(cfg *config.Cluster) {
	kept := c.kept.Load()
	switch {
	case cfg.Cache == nil && kept != nil:
		kept.FlushAll(cache.Flushed)
		c.kept.Store(nil)
	case cfg.Cache == nil:
	case kept == nil:
		c.kept.Store(cache.New(cache.Limits{Bytes: cfg.Cache.Memory}))
	default:
		kept.Resize(cache.Limits{Bytes: cfg.Cache.Memory})
	}
	if cfg.Cache != nil {
		kept = c.kept.Load()
		for _, r := range cfg.Cache.Rules {
			kept.Cap(kept.Rule(r.Name), r.Memory)
		}
	}
}

// keepOf is what sessions of a user know of the cache; nil if there is none.
func (c *cluster) keepOf(cfg *config.Cluster, user string) *session.Keep {
	kept := c.kept.Load()
	if kept == nil || cfg.Cache == nil {
		return nil
	}
	k := &session.Keep{Cache: kept, Wait: cfg.Cache.Wait, MaxEntry: int(cfg.Cache.MaxEntry), Hinted: kept.Rule(cache.ByHint)}
	k.InTransactions = cfg.Cache.Transactions == config.CacheTransactionsReadCommitted
	if cfg.Cache.Elsewhere == config.ElsewhereWAL {
		k.Live = c.live
	}
	for i := range cfg.Cache.Rules {
		r := &cfg.Cache.Rules[i]
		if len(r.Users) > 0 && !slices.Contains(r.Users, user) {
			continue
		}
		rule := session.KeepRule{
			Rule: kept.Rule(r.Name), Application: r.ApplicationName, TTL: r.TTL, Stale: r.Stale, MaxEntry: int(r.MaxEntry),
		}
		if r.Statement != "" {
			rule.Shape = c.read([]byte(r.Statement)).Shape()
		}
		if len(r.Tables) > 0 {
			rule.Tables = map[string]bool{}
			for _, t := range r.Tables {
				rule.Tables[t] = true
			}
		}
		k.Rules = append(k.Rules, rule)
	}
	return k
}

// settingsFor are the settings of a user's sessions.
func (c *cluster) settingsFor(cfg *config.Cluster, user string, u *config.User) *session.Settings {
	s := settingsOf(cfg, u)
	s.Keep = c.keepOf(cfg, user)
	return s
}

// dropKept forgets all answers: the catalog is another, or the primary is.
// The clock moves too, for those that are on their way.
func (c *cluster) dropKept(why cache.Cause) {
	if kept := c.kept.Load(); kept != nil {
		c.clock.Wrote(freshness.Now(), nil, true)
		kept.FlushAll(why)
	}
}

// live reports whether writes made elsewhere are heard of, on one shard or on
// all.
func (c *cluster) live(shard int) bool {
	list := c.shards()
	if shard != session.EveryShard && shard < len(list) {
		return list[shard].elsewhere.live()
	}
	for _, one := range list {
		if !one.elsewhere.live() {
			return false
		}
	}
	return true
}

// heard says how writes are noticed that this wye does not see.
func (c *cluster) heard() string {
	if !c.elsewhere.wanted() {
		return string(config.ElsewhereTTL)
	}
	for k, one := range c.shards() {
		if state := one.elsewhere.state(); state != string(config.ElsewhereWAL) {
			if c.sharded != nil {
				state = "shard " + c.sharded.nameOf(k) + ": " + state
			}
			return state
		}
	}
	return string(config.ElsewhereWAL)
}

func (c *cluster) cacheRows() []stats.CacheRow {
	kept := c.kept.Load()
	if kept == nil {
		return nil
	}
	_, limit := kept.Bytes()
	var rows []stats.CacheRow
	for _, n := range kept.Counts() {
		row := stats.CacheRow{
			Cluster: c.name, Rule: n.Rule, Entries: n.Entries, Bytes: n.Bytes, Memory: limit, Hits: n.Hits, Stale: n.Stale, Misses: n.Misses,
			Fills: n.Fills, Waits: n.Waits, Abandoned: n.Abandoned, TooLarge: n.TooLarge, Dropped: map[string]int64{}, Elsewhere: c.heard(),
		}
		if n.Limit != 0 {
			row.Memory = n.Limit
		}
		for _, why := range cache.Causes() {
			row.Dropped[why.String()] = n.Dropped[why]
		}
		rows = append(rows, row)
	}
	return rows
}

func (c *cluster) cacheTableRows() (rows []stats.CacheTableRow) {
	if kept := c.kept.Load(); kept != nil {
		for _, t := range kept.Tables() {
			rows = append(rows, stats.CacheTableRow{Cluster: c.name, Table: t.Name, Entries: t.Entries, Bytes: t.Bytes})
		}
	}
	return rows
}
