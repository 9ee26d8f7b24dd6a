package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Analysis is all that one text means under one Planner. It never changes and
// may be shared; a new catalog or map wants a new one.
type Analysis struct {
	p *Planner

	reject *plan.Reject // whatever the arguments
	// hintable: a hint vouches for what is refused without one.
	hintable bool
	lead     bool // the lead shard answers
	any      bool // every shard would give the same answer
	writes   bool

	// set computes the shards that are concerned; one alone runs the text as it is.
	set *program
	// alone says why several cannot; nil if one of these says what they run.
	alone     *plan.Reject
	multi     *multi
	broadcast *plan.Broadcast
	after     *after // what runs before the broadcast
	all       bool   // a broadcast to all shards, even if there is one
	insert    *insert
	move      *move
	carry     *carry
	copyIn    *plan.CopyIn
	copyOut   *plan.CopyOut
	cursor    *plan.Cursor  // over the rows of multi
	copyRows  *plan.CopyOut // of the rows of multi

	// guards are refusals that an option lifts.
	sequences, unique, triggers *plan.Reject

	tables []*shards.Table // sharded ones, for hints
	direct *Program
	flat   bool // the statement is one block
}

// Analyze takes sql apart, as a session with this search_path means it: its
// schemas in order, with the user's name in place of "$user", and without
// pg_catalog, which must be first. It never fails: what the server would not
// understand is for the lead shard to refuse.
func (p *Planner) Analyze(sql string, searchPath []string) *Analysis {
	tree, err := sqlparse.Tree(sql)
	switch {
	case err != nil:
		// Newer syntax, or a text in another encoding, would run on one shard
		// and seem to have worked.
		return &Analysis{p: p, reject: refusef("Check its syntax; write it in UTF-8 and in PostgreSQL 16's grammar, and not too deeply nested.",
			"the statement is not understood, and might concern several shards").plan()}
	case len(tree.Stmts) == 0:
		return &Analysis{p: p, any: true}
	case len(tree.Stmts) == 1:
		a := p.analyze(tree, sql, searchPath)
		a.findDirect(sql, tree)
		return a
	}
	return p.several(tree, sql, searchPath)
}

// analyze plans a tree of one statement.
func (p *Planner) analyze(tree *pg_query.ParseResult, sql string, searchPath []string) *Analysis {
	a := &Analysis{p: p}
	s := newStatement(p, searchPath)
	s.sql, s.tree = strings.TrimRight(sql, "; \t\r\n"), tree.Stmts[0].Stmt
	switch n := tree.Stmts[0].Stmt.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		a.planSelect(s, tree, n.SelectStmt)
	case *pg_query.Node_InsertStmt:
		a.planInsert(s, tree, n.InsertStmt)
	case *pg_query.Node_UpdateStmt:
		a.planUpdate(s, tree, n.UpdateStmt)
	case *pg_query.Node_DeleteStmt:
		a.planDelete(s, tree, n.DeleteStmt)
	case *pg_query.Node_MergeStmt:
		a.planMerge(s, n.MergeStmt)
	case *pg_query.Node_CopyStmt:
		a.planCopy(s, n.CopyStmt)
	case *pg_query.Node_ExplainStmt:
		a.planExplain(n.ExplainStmt, searchPath)
	case *pg_query.Node_DeclareCursorStmt:
		a.planCursor(s, n.DeclareCursorStmt)
	default:
		a.planUtility(s, tree.Stmts[0].Stmt, sql)
	}
	a.flat = s.blocks == 1
	return a
}

func (a *Analysis) refuse(r *refusal) { a.reject = r.plan() }

// several plans a text of several statements: it must concern one shard, for
// it is one transaction with one answer after the other.
func (p *Planner) several(tree *pg_query.ParseResult, sql string, searchPath []string) *Analysis {
	out := &Analysis{p: p, alone: refusef(hintOneByOne, "several statements in one text that concern several shards are not supported").plan()}
	var sets []*program
	for _, raw := range tree.Stmts {
		one := p.analyze(&pg_query.ParseResult{Version: tree.Version, Stmts: []*pg_query.RawStmt{raw}}, "", searchPath)
		out.writes = out.writes || one.writes
		out.tables = append(out.tables, one.tables...)
		for _, g := range [][2]**plan.Reject{{&out.sequences, &one.sequences}, {&out.unique, &one.unique}, {&out.triggers, &one.triggers}, {&out.reject, &one.reject}} {
			if *g[0] == nil {
				*g[0] = *g[1]
			}
		}
		switch {
		case one.lead:
			sets = append(sets, constant(shards.One(Lead)))
		case one.any:
		case one.set != nil && !one.all && one.move == nil && one.copyIn == nil:
			sets = append(sets, one.set)
		case one.insert != nil:
			sets = append(sets, one.insert.set())
		default:
			out.reject = out.alone
		}
	}
	out.any = len(sets) == 0
	out.set = or(p.shardMap.All(), sets...)
	return out
}

// Plan says what one execution does. It takes no memory if that is to send the
// text to one shard.
func (a *Analysis) Plan(args []plan.Arg, o Options) plan.Plan {
	hinted := o.Hint.HasShard || o.Hint.HasKey
	switch {
	case a.reject != nil && !(hinted && a.hintable):
		return a.reject
	case a.sequences != nil && !o.LocalSequences:
		return a.sequences
	case a.unique != nil && !o.LocalUnique:
		return a.unique
	case a.triggers != nil && !o.LocalTriggers:
		return a.triggers
	case hinted:
		return a.hinted(args, &o)
	}
	return a.plan(args, &o)
}

func (a *Analysis) plan(args []plan.Arg, o *Options) plan.Plan {
	switch {
	case a.lead:
		return a.p.lead[o.Role]
	case a.any:
		return a.p.any[o.Role]
	case a.insert != nil:
		return a.insert.plan(a, args, o)
	case a.copyIn != nil:
		return a.copyIn
	case a.carry != nil && a.set == nil:
		return a.carry.at(a.p, args, o)
	case a.set == nil:
		return notPlanned
	case a.all:
		return a.spread(a.set.eval(a.p.shardMap, args), args, o)
	}
	set := a.set.eval(a.p.shardMap, args)
	switch {
	case a.move != nil:
		return a.move.plan(a, set, args, o)
	case set == 0:
		return a.p.any[o.Role]
	case set.Len() == 1:
		return a.p.direct[o.Role][set.First()]
	}
	return a.spread(set, args, o)
}

// spread is the plan for several shards.
func (a *Analysis) spread(set shards.Set, args []plan.Arg, o *Options) plan.Plan {
	if a.after != nil && a.alone == nil && !a.all {
		set = a.after.shards(a.p, args)
	}
	switch {
	case a.alone != nil:
		return a.alone
	case a.writes && o.RefuseWrites && set.Len() > 1 && a.carry == nil:
		return writesRefused
	case a.copyRows != nil:
		return a.copied(args, o)
	case a.multi != nil:
		return a.scattered(args, o)
	case a.carry != nil:
		return a.carry.at(a.p, args, o)
	case a.copyOut != nil:
		c := *a.copyOut
		c.Legs = onShards(c.Legs, set)
		return &c
	}
	b := *a.broadcast
	if a.after != nil {
		subs, no := a.after.plan(a.p, args, o)
		if no != nil {
			return no
		}
		b.Subs = append(subs, b.Subs...)
	}
	b.Parts = make([]plan.Part, len(a.broadcast.Parts))
	for i, p := range a.broadcast.Parts {
		p.Shards = set
		b.Parts[i] = p
	}
	return &b
}

var (
	notPlanned    = refusef("", "the statement is not supported on a sharded cluster").plan()
	writesRefused = refusef(hintOneShard, "the statement writes on several shards, which multi_shard_write refuses").plan()
)

func onShards(legs []plan.Leg, set shards.Set) []plan.Leg {
	out := make([]plan.Leg, len(legs))
	for i, l := range legs {
		l.Shards = set
		out[i] = l
	}
	return out
}

func (a *Analysis) scattered(args []plan.Arg, o *Options) plan.Plan {
	s, no := a.multi.plan(a.p, args, o)
	if no != nil {
		return no.plan()
	}
	tier := s.worst()
	if a.cursor != nil {
		tier = max(tier, "B") // its rows are put on one server
	}
	if no := o.tooDear(tier, a.multi.cheaper); no != nil {
		return no
	}
	if a.cursor != nil {
		c := *a.cursor
		c.Rows = s.Scatter
		return &c
	}
	return s.Scatter
}

// tooDear says why what needs this tier is not to run. why is what forbids the
// cheaper ones, if that is known.
func (o *Options) tooDear(tier string, why *refusal) *plan.Reject {
	switch {
	case o.MaxTier != 0 && tier[0] > o.MaxTier:
		return refusef(hintOneShard, "the statement needs tier %s over several shards, which wye.max_tier refuses", tier).plan()
	case tier == "C" && !o.Gather:
		return needsGather(why).plan()
	}
	return nil
}

// needsGather says what moving rows would answer.
func needsGather(why *refusal) *refusal {
	if why == nil {
		return refusef(hintGather, "the statement needs rows of several shards on one server")
	}
	r := *why
	if r.hint != "" {
		r.hint += " Or "
	}
	r.hint += hintGather
	return &r
}

// hinted is the plan where a hint names the shard.
func (a *Analysis) hinted(args []plan.Arg, o *Options) plan.Plan {
	shard, r := a.hintShard(&o.Hint)
	if r != nil {
		return r.plan()
	}
	if a.hintable || a.lead {
		return a.p.direct[o.Role][shard]
	}
	switch p := a.plan(args, o).(type) {
	case *plan.Direct:
		if !p.AnyShard && p.Shard != shard {
			return refusef("", "the hint names shard %d, but the statement concerns shard %d", shard, p.Shard).plan()
		}
	case *plan.Reject:
		if a.insert != nil || a.move != nil {
			return p // a row must not be where nobody looks for it
		}
	case *plan.Broadcast:
		if a.insert != nil {
			return refusef("", "the rows of the INSERT belong to several shards, whatever a hint says").plan()
		}
		if a.all {
			return refusef("", "the statement concerns all shards, whatever a hint says").plan()
		}
	case *plan.CopyIn, *plan.Move, *plan.Carry:
		return refusef("", "a hint cannot choose the shard of this statement").plan()
	}
	return a.p.direct[o.Role][shard]
}

func (a *Analysis) hintShard(h *Hint) (int, *refusal) {
	if h.HasShard {
		if h.Shard < 0 || h.Shard >= len(a.p.shardMap.Shards()) {
			r := refusef("SHOW SHARDS of the console has their names.", "there is no such shard")
			r.code = "22023"
			return 0, r
		}
		return h.Shard, nil
	}
	table := a.hintTable()
	if table == nil {
		return 0, refusef("Name the shard instead.", "a key in a hint needs one sharding key of one column, and the statement has none or several")
	}
	v, err := shardfunc.FromText(table.Types[0], h.Key)
	if err == nil {
		var shard int
		if shard, err = a.p.shardMap.Locate(table, []shardfunc.Value{v}); err == nil {
			return shard, nil
		}
	}
	r := refusef("", "the key in the hint has no shard")
	r.code = "22023"
	return 0, r
}

// hintTable is a table whose map a key in a hint is looked up in.
func (a *Analysis) hintTable() (found *shards.Table) {
	tables := a.tables
	if len(tables) == 0 {
		tables = a.p.shardMap.Tables()
	}
	for _, t := range tables {
		switch {
		case t.Kind != shards.Sharded:
		case len(t.Types) != 1 || found != nil && found.Group != t.Group:
			return nil
		default:
			found = t
		}
	}
	return found
}
