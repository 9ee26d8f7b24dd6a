package session

import (
	"slices"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

// broadcastOrder writes on several shards. Outside of the client's own
// transaction it runs in one of wye's, which whoever called this ends.
func (s *Session) broadcastOrder(o *order, p *plan.Broadcast) error {
	g := &s.shards.gang
	all := partsOf(p)
	if all.Len() > 1 && s.shards.all.Limits.Load().Writes == RefuseWrites {
		return errClient{errWritesRefused}
	}
	if (all.Len() > 1 || len(p.Subs) > 0) && !g.inTx() {
		g.implicit = true // what runs first is of the same transaction
	}
	d := &Description{}
	if len(o.args) > 0 || len(p.Subs) > 0 {
		var err error
		if d, err = s.description(o, all.First()); err != nil {
			return err
		}
	}
	subs, err := s.runSubs(o, p.Subs, d, nil)
	if err != nil {
		return err
	}
	b := &broadcast{session: s, order: o, plan: p, types: s.parameterTypes(d), subs: subs}
	return b.run(all)
}

var errWritesRefused = pgerror.New(pgerror.FeatureNotSupported, "this statement writes on several shards").
	WithHint("Name one sharding key, or set multi_shard_write to 2pc.")

// partsOf are all shards of a broadcast.
func partsOf(p *plan.Broadcast) (set shards.Set) {
	for i := range p.Parts {
		set |= p.Parts[i].Shards
	}
	return set
}

// broadcast is one under way.
type broadcast struct {
	session *Session
	order   *order
	plan    *plan.Broadcast
	types   []uint32
	subs    []plan.Arg

	columns []byte
	tags    []string
	rows    []placedRow
}

// placedRow is a row of RETURNING and where it belongs.
type placedRow struct {
	place int
	row   []byte
}

func (b *broadcast) run(all shards.Set) error {
	var err error
	if b.plan.Lead {
		lead := shards.One(all.First())
		err = b.runOn(lead)
		all &^= lead
	}
	if err == nil && all != 0 {
		err = b.runOn(all)
	}
	if err != nil {
		return err
	}
	return b.answer()
}

// runOn runs every part on those of its shards that are in the set, at once.
func (b *broadcast) runOn(set shards.Set) error {
	s := b.session
	var list []*member
	var parts []*plan.Part
	var err error
	for i := range b.plan.Parts {
		l := b.plan.Parts[i].Leg
		if l.Shards &= set; l.Shards == 0 || err != nil {
			continue
		}
		var some []*member
		some, err = s.launchLeg(&l, b.order, b.types, b.subs, b.order.formats, nil)
		for _, m := range some {
			m.wrote = true
			list, parts = append(list, m), append(parts, &b.plan.Parts[i])
		}
	}
	return s.follow(list, err, true, func() error {
		for i, m := range list {
			if err := b.collect(m, parts[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// collect takes in one member's answer.
func (b *broadcast) collect(m *member, part *plan.Part) error {
	s := b.session
	if err := s.begins(m); err != nil {
		return err
	}
	if b.columns == nil {
		b.columns = m.stream.Columns
	}
	limits := s.shards.all.Limits.Load()
	keep := b.plan.Tally == plan.TallySum || len(b.tags) == 0
	for n := 0; ; n++ {
		row, err := s.nextRow(m)
		if err != nil {
			return err
		}
		if row == nil {
			break
		}
		if !keep {
			continue
		}
		place := len(b.rows)
		if b.plan.Ordered && n < len(part.Rows) {
			place = part.Rows[n]
		}
		if b.rows = append(b.rows, placedRow{place, slices.Clone(row)}); len(b.rows) > limits.MaxRows {
			return errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "RETURNING gives more than %d rows", limits.MaxRows).
				WithHint("Raise gather.max_rows, or write fewer rows at once.")}
		}
	}
	b.tags = append(b.tags, m.stream.Tag)
	return nil
}

// answer tells the client what was done.
func (b *broadcast) answer() error {
	s := b.session
	if len(b.tags) == 0 {
		return errClient{pgerror.New(pgerror.InternalError, "a broadcast reached no shard")}
	}
	tag := b.tags[0]
	switch b.plan.Tally {
	case plan.TallySum:
		tag = sumTags(b.tags)
	case plan.TallySame:
		for _, other := range b.tags {
			if other != tag {
				return errClient{pgerror.New(pgerror.ObjectNotInPrerequisiteStat, "the copies of a reference table differ: "+tag+" on one shard, "+other+" on another").
					WithHint("Nothing was written. Compare the table on all shards and repair it.")}
			}
		}
	}
	if len(b.columns) > 2 && (b.columns[0] != 0 || b.columns[1] != 0) {
		s.emitColumns(b.order, b.columns)
	} else if !b.order.simple {
		s.emitColumns(b.order, []byte{0, 0})
	}
	if b.plan.Ordered {
		slices.SortStableFunc(b.rows, func(x, y placedRow) int { return x.place - y.place })
	}
	for _, r := range b.rows {
		if err := s.emitRow(r.row); err != nil {
			return err
		}
	}
	s.emitTag(tag)
	return nil
}
