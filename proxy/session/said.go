package session

import (
	"strings"

	"github.com/wyeproxy/wye/proxy/connpool"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/shardplan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// said is what the client's parameters mean to a planner. They are looked up
// once, and not for every statement.
type said struct {
	known  bool
	params connpool.Params // of which all else is made
	server *string         // and of this, where the client has not set a path

	path              string // search_path
	users             bool   // it names "$user"
	role              string // the parameter; "" if there is none
	tier              byte   // wye.max_tier
	gather, gatherSet bool   // wye.gather, and whether it is set
	shard, key        string // wye.shard and wye.key
}

// gatherName is the parameter by which a session allows, or forbids, that
// rows are moved to be put together.
const gatherName = "wye.gather"

// maxTierName is the parameter by which it forbids what costs more: A, B or C.
const maxTierName = "wye.max_tier"

// The parameters by which a session chooses the shard itself, as the comment
// shard=NAME does for one statement.
const (
	shardName = "wye.shard"
	keyName   = "wye.key"
)

// saying is what holds now.
func (s *Session) saying() *said {
	n := &s.shards.said
	if server := s.shards.all.Path.Load(); !n.known || n.params != s.params || n.server != server {
		*n = said{known: true, params: s.params, server: server}
		n.read()
	}
	return n
}

func (n *said) read() {
	path, ok := n.params.Get("search_path")
	if !ok && n.server != nil {
		path = *n.server
	}
	n.path, n.users = path, strings.Contains(path, "$user")
	if role, ok := n.params.Get("role"); ok && role != "none" {
		n.role = role
	}
	if tier, ok := n.params.Get(maxTierName); ok && len(tier) == 1 {
		n.tier = tier[0] &^ 0x20
	}
	if v, ok := n.params.Get(gatherName); ok {
		n.gather, n.gatherSet = isOn(v), true
	}
	n.shard, _ = n.params.Get(shardName)
	n.key, _ = n.params.Get(keyName)
}

// shardHint is what a comment, or else a parameter, says of the shard.
func (s *Session) shardHint(read *sqlparse.Statement, n *said) (h shardplan.Hint) {
	name := n.shard
	if f := read.Facts(); f != nil && f.Hint.Shard != "" {
		name = f.Hint.Shard
	}
	if name == "" {
		h.Key, h.HasKey = n.key, n.key != ""
		return h
	}
	h.HasShard, h.Shard = true, -1 // the planner refuses what is not there
	for i := range s.shards.all.List {
		if strings.EqualFold(s.shards.all.List[i].Name, name) {
			h.Shard = i
		}
	}
	return h
}

// pathUser is what "$user" stands for, "" where the path does not have it.
func (s *Session) pathUser(n *said) string {
	switch {
	case !n.users:
		return ""
	case n.role != "":
		return n.role
	}
	return s.role()
}

// roleOf is which servers may run the statement.
func (s *Session) roleOf(read *sqlparse.Statement) plan.Role {
	if s.shards.all.List[0].Servers.Router().Verdict(read).ReadOnly {
		return plan.Replica
	}
	return plan.Primary
}

func (s *Session) planOptions(read *sqlparse.Statement) PlanOptions {
	l, n := s.shards.all.Limits.Load(), s.saying()
	o := PlanOptions{
		Role: s.roleOf(read), Gather: l.Gather, MaxTier: n.tier, RefuseWrites: l.Writes == RefuseWrites,
		LocalSequences: l.LocalSequences, LocalUnique: l.LocalUnique, LocalTriggers: l.LocalTriggers,
	}
	if n.gatherSet {
		o.Gather = n.gather
	}
	o.Hint = s.shardHint(read, n)
	return o
}
