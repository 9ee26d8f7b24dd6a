package shardplan

import (
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

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
