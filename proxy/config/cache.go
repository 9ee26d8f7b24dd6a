package config

import (
	"path"
	"time"
)

// Cache keeps answers of reads in wye's memory, those that its rules name.
type Cache struct {
	Memory    int64         `wye:"memory" default:"64MiB" min:"1MiB" max:"1TiB" doc:"Most memory for answers, their keys and what is needed to find them. Those used longest ago make room."`
	MaxEntry  int64         `wye:"max_entry" default:"256KiB" min:"1KiB" max:"64MiB" doc:"A longer answer is not kept; a rule may say otherwise."`
	Wait      time.Duration `wye:"wait" default:"1s" max:"1m" doc:"How long a client waits for the answer that another one has asked for already, before it asks on its own."`
	Elsewhere Elsewhere     `wye:"elsewhere" default:"ttl" doc:"How writes are noticed that do not go through this wye: wal (by logical replication; needs wal_level = logical and a health.user with REPLICATION; while the log cannot be followed nothing is served from memory), or ttl (not at all: an answer may be as old as its rule's ttl)."`
	// Transactions is here and not a fact that wye finds out, because no server
	// reports its default_transaction_isolation: it comes from files, the role and
	// the database, and may change at any moment.
	Transactions CacheTransactions `wye:"transactions" default:"off" doc:"Whether reads in transactions are answered from memory, until the transaction does something else than read: off, or read_committed, in transactions that are READ COMMITTED. With that, clients that do not set default_transaction_isolation themselves get 'read committed', whatever the server, the database or the role says."`
	Rules        []CacheRule       `wye:"rules,required"`
}

// CacheTransactions says in which transactions answers come from memory.
type CacheTransactions string

// In none, or in those that are READ COMMITTED.
const (
	CacheTransactionsOff           CacheTransactions = "off"
	CacheTransactionsReadCommitted CacheTransactions = "read_committed"
)

func (CacheTransactions) allowed() []string { return []string{"off", "read_committed"} }

// CacheRule says which answers are kept and for how long. All that it names
// must fit; the first rule that fits a statement counts.
type CacheRule struct {
	Name            string        `wye:"name"`
	Tables          []string      `wye:"tables,one" derived:"any" doc:"Statements that read only these tables; a view counts beside the tables behind it. Without schema."`
	Statement       string        `wye:"statement" derived:"any" doc:"Statements of this shape: the same text, whatever the literals in it are."`
	Users           []string      `wye:"users,one" derived:"all" doc:"Users of these names."`
	ApplicationName string        `wye:"application_name" derived:"any" doc:"Clients that call themselves so; * stands for any characters."`
	TTL             time.Duration `wye:"ttl,required" min:"1ms" max:"24h" doc:"How long an answer is served after it was true."`
	Stale           time.Duration `wye:"stale_while_revalidate" default:"0" max:"24h" doc:"For how long after ttl it is still served while one client asks anew. Not after a write that wye has seen."`
	MaxEntry        int64         `wye:"max_entry" min:"1KiB" max:"64MiB" derived:"the cache's" doc:"A longer answer is not kept."`
	Memory          int64         `wye:"memory" min:"64KiB" max:"1TiB" derived:"the cache's" doc:"Most memory for the answers of this rule, out of the cache's."`
}

// Elsewhere is how writes are noticed that this wye does not see.
type Elsewhere string

// By the write-ahead log, or by age alone.
const (
	ElsewhereWAL Elsewhere = "wal"
	ElsewhereTTL Elsewhere = "ttl"
)

func (Elsewhere) allowed() []string { return []string{"ttl", "wal"} }

func (d *decoder) checkCache(c *Cluster, at string) {
	if c.Cache == nil {
		return
	}
	at += ".cache"
	if len(c.Cache.Rules) == 0 {
		d.errorf(d.at(at), "%s: no rules, so nothing is kept; write rules: {hot: {tables: [...], ttl: 30s}}", at)
	}
	if c.Cache.Elsewhere == ElsewhereWAL && c.Health.User == "" {
		d.errorf(d.at(at+".elsewhere"), "%s.elsewhere: wal needs health.user, a role with REPLICATION", at)
	}
	if c.Pool.Mode == PoolSession {
		d.errorf(d.at(at), "%s: pool.mode session gives each client a server conn, and wye looks at none of its statements", at)
	}
	for i := range c.Cache.Rules {
		r := &c.Cache.Rules[i]
		rule := join(at+".rules", r.Name)
		if r.MaxEntry == 0 {
			r.MaxEntry = c.Cache.MaxEntry
		}
		if r.MaxEntry > c.Cache.Memory/4 {
			d.errorf(d.at(rule), "%s: an answer of max_entry, %d bytes, would take more than a quarter of cache.memory", rule, r.MaxEntry)
		}
		if r.Memory != 0 && r.MaxEntry > r.Memory/4 {
			d.errorf(d.at(rule), "%s: an answer of max_entry, %d bytes, would take more than a quarter of its memory", rule, r.MaxEntry)
		}
		if r.Memory > c.Cache.Memory {
			d.errorf(d.at(rule+".memory"), "%s.memory: more than cache.memory, %d bytes", rule, c.Cache.Memory)
		}
		if _, err := path.Match(r.ApplicationName, ""); err != nil {
			d.errorf(d.at(rule+".application_name"), "%s.application_name: %v", rule, err)
		}
	}
}
