package shardplan

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// reads is what a statement's relations are, taken together.
type reads struct {
	sharded, reference, system bool
	first                      *item // of the sharded ones
}

func (s *statement) reads() (r reads) {
	s.eachItem(func(it *item) {
		switch {
		case it.system:
			r.system = true
		case it.sharded():
			r.sharded = true
			if r.first == nil {
				r.first = it
			}
		case it.table != nil:
			r.reference = true
		}
	})
	return r
}

// judge refuses what no shard can run for all, or leaves it to the lead shard.
// false: it is decided.
func (a *Analysis) judge(s *statement, r reads) bool {
	c := &s.calls
	relations := r.sharded || r.reference
	switch {
	case len(s.searchPath) > 0 && containsCatalog(s.searchPath):
		a.refuse(refusef("Leave pg_catalog out of search_path.", "search_path names pg_catalog behind other schemas"))
	case s.refused != nil:
		a.refuse(s.refused)
	case s.lead != "":
		a.lead = true
	case c.user != "":
		a.hintable = !s.writes
		a.refuse(refusef("Compute it on one shard by a hint, or write it as a query.", "the statement calls what may read or write on other shards: %s", c.user))
	case c.sequence == "currval" || c.sequence == "lastval":
		a.refuse(refusef("Use RETURNING.", "function %s is not supported on a sharded cluster", c.sequence))
	case c.sequence != "" && relations:
		a.refuse(refusef("Get the number first: SELECT nextval(...), which the lead shard answers for all.", "function %s beside tables is not supported on a sharded cluster", c.sequence))
	case c.unknown != "" && relations:
		a.refuse(refusef("", "function %s is not known", c.unknown))
	case c.server != "" && relations:
		a.hintable = !s.writes
		a.refuse(refusef("", "function %s, which acts on or tells of one server, is not supported beside tables on a sharded cluster", c.server))
	case r.system && r.sharded:
		a.refuse(refusef("", "catalogs of PostgreSQL beside sharded tables are not supported on a sharded cluster"))
	case c.unknown != "" || c.server != "" || c.sequence != "" || r.system || c.unique != "" && !relations:
		a.lead = true
	}
	return a.reject == nil && !a.lead
}

func containsCatalog(path []string) bool {
	for i, p := range path {
		if p == "pg_catalog" && i > 0 {
			return true
		}
	}
	return false
}

// setOfAll is the shards of all relations of s.
func (a *Analysis) setOfAll(s *statement) *program {
	p := or(a.p.shardMap.All(), a.sets(s, nil)...)
	p.trust(s)
	return p
}

// sets are the shards of all sharded relations but one, and of rows that WITH
// inserts.
func (a *Analysis) sets(s *statement, except *item) []*program {
	list := slices.Clone(s.parts)
	s.eachItem(func(it *item) {
		if !it.sharded() || it == except {
			return
		}
		a.tables = append(a.tables, it.table)
		if !slices.Contains(s.insertsTo, it) {
			list = append(list, s.setOf(it))
		}
	})
	return list
}

func (a *Analysis) planSelect(s *statement, tree *pg_query.ParseResult, stmt *pg_query.SelectStmt) {
	s.countParams(stmt)
	root := s.root(stmt, nil)
	r := s.reads()
	a.writes = s.writes
	if !a.judge(s, r) {
		return
	}
	switch {
	case s.writes && !r.sharded:
		a.refuse(refusef("Write in a statement of its own.", "WITH that writes reference tables is not supported on a sharded cluster"))
		return
	case !r.sharded && s.calls.locking && r.reference:
		a.lead = true // where writers of reference tables queue
		return
	case !r.sharded:
		a.any = true
		return
	case s.calls.locking && r.reference && !s.locksSharded(stmt):
		a.refuse(refusef("Say FOR UPDATE OF and the sharded tables.", "FOR UPDATE or FOR SHARE of reference tables beside sharded ones is not supported: each shard locks its own copy"))
		return
	}
	a.guardParts(s)
	a.set = a.setOfAll(s)
	a.multi = a.p.multi(s, root, tree)
	if a.multi.refused != nil {
		a.alone = a.multi.refused.plan()
	}
}

// locksSharded reports whether stmt locks rows of sharded tables of its own
// FROM alone, by name.
func (s *statement) locksSharded(stmt *pg_query.SelectStmt) bool {
	sharded := map[string]bool{}
	for _, it := range s.roots[0].items {
		sharded[it.alias] = it.sharded()
	}
	for _, n := range stmt.LockingClause {
		list := n.GetLockingClause().LockedRels
		if len(list) == 0 {
			return false
		}
		for _, rel := range list {
			if !sharded[rel.GetRangeVar().GetRelname()] {
				return false
			}
		}
	}
	return len(stmt.LockingClause) > 0
}

// scatter is the plan of a SELECT over several shards, without the shards.
func (p *Planner) scatter(s *statement, root *block) (*plan.Scatter, *refusal) {
	if no := root.alignedTop(); no != nil {
		return nil, no
	}
	result, no := rewrite.Select(root.stmt, newScope(s))
	if no != nil {
		return nil, p.cannot(no, s)
	}
	return &plan.Scatter{Legs: result.Legs, Merge: result.Merge, Fold: result.Fold, Combine: result.Combine, Why: p.why(s)}, nil
}

// never says what no way of reading several shards can hold.
func (s *statement) never() *refusal {
	switch c := &s.calls; {
	case s.writes:
		return refusef(hintOneShard, "WITH that writes on several shards is not supported")
	case c.sample:
		return refusef(hintOneShard, "TABLESAMPLE over several shards is not supported")
	case c.system != "":
		return refusef(hintSystem(c.system), "system column %q over several shards is not supported", c.system)
	case c.current:
		return refusef(hintCurrent, "WHERE CURRENT OF over several shards is not supported")
	}
	return nil
}

func (p *Planner) cannot(no *rewrite.Refusal, s *statement) *refusal {
	r := refusef(sentence(no.Hint), "%s is not supported", no.Clause)
	if !strings.Contains(no.Clause, "shards") {
		r.message = no.Clause + " is not supported over several shards"
	}
	if first := s.reads().first; first != nil {
		r.detail = fmt.Sprintf("Table %q is sharded by %s.", first.table.Name, strings.Join(first.table.Keys, ", "))
	}
	r.gather = no.Gather
	return r
}

// sentence makes a hint in PostgreSQL's voice.
func sentence(hint string) string {
	if hint == "" {
		return ""
	}
	return strings.ToUpper(hint[:1]) + hint[1:] + "."
}

// why says which columns gave the shards.
func (p *Planner) why(s *statement) string {
	var all []string
	seen := map[string]bool{}
	s.eachItem(func(it *item) {
		if it.sharded() && !seen[it.table.Name] {
			seen[it.table.Name] = true
			all = append(all, it.table.Name+" by "+strings.Join(it.table.Keys, ", "))
		}
	})
	return strings.Join(all, "; ")
}

// alignedTop says why b cannot be computed shard by shard; what stands on top
// of it is for the rewriter to judge.
func (b *block) alignedTop() *refusal {
	for _, arm := range b.arms {
		if no := arm.alignedTop(); no != nil {
			return no
		}
	}
	if len(b.arms) > 0 {
		return nil
	}
	if len(b.tree) == 0 && len(b.subs) > 0 {
		return b.onlyExists()
	}
	return b.kindFor(nil).refusal
}

// onlyExists: SELECT EXISTS (...) is true if it is on any shard.
func (b *block) onlyExists() *refusal {
	for _, one := range b.subs {
		if one.link.SubLinkType != pg_query.SubLinkType_EXISTS_SUBLINK {
			return b.kindFor(nil).refusal
		}
		if no := one.block.alignedTop(); no != nil {
			return no
		}
	}
	return nil
}

// everyShard is the set of all.
func (p *Planner) everyShard() shards.Set { return p.shardMap.All() }
