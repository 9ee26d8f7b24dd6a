package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// multi is a SELECT over several shards, without the shards.
type multi struct {
	p       *Planner
	refused *refusal
	scatter *plan.Scatter
	// sets are the shards of the legs: one for all, or one for each.
	sets  []*program
	parts []part
	// cheaper is why there is no way without moving rows.
	cheaper *refusal
	now     bool // the last of the parts is the time of the transaction
}

// multi finds a way for several shards: as it is; with sub-queries that stand
// alone run first; over blocks that are answered
// by themselves; or over rows that are moved to one PostgreSQL.
func (p *Planner) multi(s *statement, root *block, tree *pg_query.ParseResult) *multi {
	if no := s.never(); no != nil {
		return &multi{refused: no}
	}
	m := p.attempt(s, root, tree)
	if m.refused == nil {
		return m
	}
	if links := root.standalone(); len(links) > 0 {
		if cut := p.cutParts(s, root, links); cut.refused == nil {
			return cut
		}
	}
	if m.refused.gather {
		if expanded, top := p.expand(s, root); expanded != nil {
			s, root = expanded, top
		}
		if made := p.compose(s, root); made.refused == nil {
			return made
		}
		if g := p.gather(s, root); g.refused == nil {
			g.cheaper = m.refused
			return g
		}
	}
	return m
}

// subParams is where the numbers of parameters begin that rewrite takes for
// results of Subs.
const subParams = 1 << 20

// attempt plans s as it is, with the time put in as the value of a part.
func (p *Planner) attempt(s *statement, root *block, tree *pg_query.ParseResult) *multi {
	m := &multi{p: p}
	if s.calls.now != "" {
		if s, root, m.refused = p.frozen(s, tree, subParams+1); m.refused != nil {
			return m
		}
		m.now = true
	}
	if m.scatter, m.refused = p.scatter(s, root); m.refused != nil {
		if m.now { // which stands there as a sub-query's value would
			m.refused.message = strings.Replace(m.refused.message, "a sub-query", "the time of the transaction", 1)
		}
		return m
	}
	m.sets = []*program{s.setProgram()}
	m.refused = m.checkCombine()
	return m
}

// checkCombine: what a combine query may use are the client's parameters.
func (m *multi) checkCombine() *refusal {
	if c := m.scatter.Combine; c != nil {
		for _, n := range c.Args {
			if n > subParams {
				r := refusef("Compute the value first, and pass it as a parameter.", "the time of the transaction or a sub-query beside an aggregate over several shards is not supported")
				r.gather = true
				return r
			}
		}
	}
	return nil
}

// frozen is the statement with parameter n for the time of the transaction.
func (p *Planner) frozen(s *statement, tree *pg_query.ParseResult, n int) (*statement, *block, *refusal) {
	copied := proto.Clone(tree).(*pg_query.ParseResult)
	no := refusef("Compute the time first, and pass it as a parameter.", "%s over several shards is not supported", s.calls.now)
	no.gather = true
	if !freezeNow(p, copied, n) {
		return nil, nil, no
	}
	again, root := p.bound(copied.Stmts[0].Stmt.GetSelectStmt(), s.searchPath)
	if again.calls.now != "" {
		return nil, nil, no
	}
	return again, root, nil
}

// bound binds a SELECT by itself.
func (p *Planner) bound(stmt *pg_query.SelectStmt, searchPath []string) (*statement, *block) {
	s := newStatement(p, searchPath)
	s.countParams(stmt)
	return s, s.root(stmt, nil)
}

// setProgram is the shards of all relations of a SELECT.
func (s *statement) setProgram() *program {
	a := &Analysis{p: s.p}
	return a.setOfAll(s)
}

// plan fills in the shards.
func (m *multi) plan(p *Planner, args []plan.Arg, o *Options) (scattered, *refusal) {
	if m.refused != nil {
		return scattered{}, m.refused
	}
	s := *m.scatter
	s.Role = o.Role
	s.Legs = make([]plan.Leg, len(m.scatter.Legs))
	for i, l := range m.scatter.Legs {
		set := m.sets[min(i, len(m.sets)-1)].eval(p.shardMap, args)
		if set == 0 {
			set = shards.One(Lead) // any shard has all of these rows
		}
		l.Shards = set
		s.Legs[i] = l
	}
	for i := range m.parts {
		one, no := m.parts[i].plan(p, args, o)
		if no != nil {
			return scattered{}, no
		}
		s.Subs = append(s.Subs, one)
	}
	if m.now {
		s.Subs = append(s.Subs, nowSub())
	}
	return scattered{&s}, nil
}

// scattered is a plan whose parts may need more than it does itself.
type scattered struct{ *plan.Scatter }

// worst is the last of the tiers that it needs.
func (s scattered) worst() string {
	tier := s.Tier()
	for _, sub := range s.Subs {
		tier = max(tier, scattered{sub.Plan}.worst())
	}
	return tier
}
