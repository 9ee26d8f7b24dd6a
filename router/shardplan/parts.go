package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// part is a sub-query that runs first.
type part struct {
	kind plan.SubKind
	one  plan.Leg // its text, for where its rows are on one shard
	set  *program // nil: every shard has them
	many *multi
	now  bool // it has the time of the transaction, which is one for all
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
