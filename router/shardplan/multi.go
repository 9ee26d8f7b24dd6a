package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
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

// part is a sub-query that runs first.
type part struct {
	kind plan.SubKind
	one  plan.Leg // its text, for where its rows are on one shard
	set  *program // nil: every shard has them
	many *multi
	now  bool // it has the time of the transaction, which is one for all
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

func (part *part) plan(p *Planner, args []plan.Arg, o *Options) (plan.Sub, *refusal) {
	set := shards.One(Lead)
	if part.set != nil {
		if found := part.set.eval(p.shardMap, args); found != 0 {
			set = found
		}
	}
	if set.Len() == 1 && !(part.now && part.many != nil) {
		leg := part.one
		leg.Shards = set
		return plan.Sub{Kind: part.kind, Plan: &plan.Scatter{Legs: []plan.Leg{leg}, Merge: &plan.Merge{}, Role: o.Role, Why: "one shard"}}, nil
	}
	s, no := part.many.plan(p, args, o)
	return plan.Sub{Kind: part.kind, Plan: s.Scatter}, no
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

// standalone are the sub-queries in expressions of b, and of what it has in
// FROM, that read sharded rows and are tied to no row around them.
func (b *block) standalone() (links []*pg_query.SubLink) {
	for _, one := range b.subs {
		if !one.block.allTied() && !one.block.depends() {
			links = append(links, one.link)
		}
	}
	for _, list := range [][]*block{b.arms, b.derive} {
		for _, p := range list {
			links = append(links, p.standalone()...)
		}
	}
	return links
}

// allTied reports whether b has no rows but those on the shard of a row around
// it, or that every shard has.
func (b *block) allTied() bool {
	var env []keySet
	b.s.eachItem(func(it *item) {
		if it.sharded() && !it.block.inside(b) {
			env = append(env, it.keySet())
		}
	})
	tied := true
	b.eachItem(func(it *item) { tied = tied && (!it.sharded() || b.s.isTied(it, env, nil)) })
	return tied
}

// depends reports whether b, or a block inside, may name a column of what is
// around b.
func (b *block) depends() bool {
	depends := false
	var look func(*block)
	look = func(in *block) {
		if in.stmt != nil {
			for _, ref := range ownRefs(in.stmt) {
				depends = depends || !in.isOwn(ref, b)
			}
		}
		in.eachPart(look)
	}
	look(b)
	return depends
}

// isOwn reports whether ref, in b, certainly names something inside top.
func (b *block) isOwn(ref *pg_query.ColumnRef, top *block) bool {
	if isStar(ref) {
		return true
	}
	if id := b.resolve(ref, 0, len(b.items)); id != 0 {
		return b.s.isInside(id, top)
	}
	schema, rel, name, ok := refParts(ref)
	if !ok {
		return false
	}
	for in := b; in != nil && in.inside(top); in = in.up {
		if _, known := in.lookup(schema, rel, name, 0, len(in.items)); known {
			return true
		}
		for _, out := range in.outNames {
			if rel == "" && out == name {
				return true
			}
		}
	}
	return false
}

// ownRefs are the column references of a SELECT that are not inside another.
func ownRefs(stmt *pg_query.SelectStmt) (refs []*pg_query.ColumnRef) {
	rewrite.Walk(stmt, func(m proto.Message) bool {
		if ref, ok := m.(*pg_query.ColumnRef); ok {
			refs = append(refs, ref)
		}
		inner, ok := m.(*pg_query.SelectStmt)
		return !ok || inner == stmt
	})
	return refs
}

// cutParts plans a SELECT whose links run first.
func (p *Planner) cutParts(s *statement, root *block, links []*pg_query.SubLink) *multi {
	m := &multi{p: p}
	if s.calls.now != "" {
		m.refused = refusef("Compute the time first, and pass it as a parameter.", "%s beside sub-queries over several shards is not supported", s.calls.now)
		return m
	}
	rest, parts, no := rewrite.Subplans(root.stmt, links, newScope(s))
	if no != nil {
		m.refused = p.cannot(no, s)
		return m
	}
	if m.refused = keepNames(firstArm(root.stmt).TargetList, firstArm(rest).TargetList, newScope(s)); m.refused != nil {
		return m
	}
	for _, one := range parts {
		made, no := p.part(one, s.searchPath)
		if m.refused = no; no != nil {
			return m
		}
		m.parts = append(m.parts, made)
	}
	again, top := p.bound(rest, s.searchPath)
	if !again.reads().sharded {
		m.scatter, m.refused = p.alone(rest)
		m.sets = []*program{constant(0)}
		return m
	}
	if m.scatter, m.refused = p.scatter(again, top); m.refused == nil {
		m.sets = []*program{again.setProgram()}
		m.refused = m.checkCombine()
	}
	return m
}

// keepNames gives the columns of rest the names that they had in list: a
// sub-query gives its column a name, and a parameter does not.
func keepNames(list, rest []*pg_query.Node, scope rewrite.Scope) *refusal {
	for i, n := range list {
		t := n.GetResTarget()
		if t.Name != "" || !hasSubLink(t.Val) || i >= len(rest) {
			continue
		}
		known, ok := rewrite.Outputs(&pg_query.SelectStmt{TargetList: []*pg_query.Node{n}}, scope)
		if !ok || len(known) != 1 {
			return refusef("Give it a name with AS.", "an output column whose name is not known is not supported over several shards")
		}
		if name := known[0].Name; name != "?column?" {
			rest[i].GetResTarget().Name = name
		}
	}
	return nil
}

// firstArm is the part of a set operation that names its columns.
func firstArm(stmt *pg_query.SelectStmt) *pg_query.SelectStmt {
	for stmt.Larg != nil {
		stmt = stmt.Larg
	}
	return stmt
}

func hasSubLink(n *pg_query.Node) bool {
	return contains([]*pg_query.Node{n}, func(m proto.Message) bool {
		_, ok := m.(*pg_query.SubLink)
		return ok
	})
}

// alone is a rest that reads what every shard has.
func (p *Planner) alone(rest *pg_query.SelectStmt) (*plan.Scatter, *refusal) {
	sql, no := deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: rest}})
	if no != nil {
		return nil, no
	}
	var leg plan.Leg
	leg.SQL, leg.Args, leg.Subs = renumber(cutParams(sql), subParams)
	return &plan.Scatter{Legs: []plan.Leg{leg}, Merge: &plan.Merge{}, Why: "what every shard has"}, nil
}

func (p *Planner) part(one rewrite.Part, searchPath []string) (part, *refusal) {
	s, root := p.bound(one.Select, searchPath)
	out := part{kind: one.Kind}
	if s.refused != nil {
		return out, s.refused
	}
	sql, no := deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: one.Select}})
	if no != nil {
		return out, no
	}
	out.one.SQL, out.one.Args, _ = renumber(cutParams(sql), subParams)
	if !s.reads().sharded {
		return out, nil
	}
	out.set, out.now = s.setProgram(), s.calls.now != ""
	tree := &pg_query.ParseResult{Stmts: []*pg_query.RawStmt{{Stmt: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: one.Select}}}}}
	out.many = p.multi(s, root, tree)
	return out, nil
}
