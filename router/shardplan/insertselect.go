package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// insertSelect plans INSERT ... SELECT into a sharded table: each shard inserts
// its own rows, if they stay there; or else they are carried.
func (a *Analysis) insertSelect(s *statement, b *block, it *item, stmt *pg_query.InsertStmt) {
	at, no := s.keyPlaces(b, it, stmt)
	if no != nil {
		a.refuse(no)
		return
	}
	a.set = a.others(s, it)
	keyed := a.constantKey(s, it, stmt.SelectStmt.GetSelectStmt(), b.source, at)
	switch {
	case keyed != nil:
		keyed.trust(s)
		if a.set != nil {
			keyed = or(a.p.everyShard(), keyed, a.set)
			keyed.trust(s) // what stands beside the key says of its type too
		}
		a.set = keyed
	case !s.copiesKey(b.source, it, at):
		a.set = nil // on whichever shard the rows are, they may belong to others
	case a.pushRows(s, b, it, stmt):
		return
	}
	if no := a.carryRows(s, b, it, stmt, at); no != nil {
		a.alone = no.plan()
		if a.set == nil {
			a.refuse(no)
		}
	}
}

// pushRows has each shard insert its own rows, if it can.
func (a *Analysis) pushRows(s *statement, b *block, it *item, stmt *pg_query.InsertStmt) bool {
	if b.timeColumn(it.rel, stmt) != "" {
		stmt = selectTimes(it.rel, stmt, b.source)
	}
	if b.timeColumn(it.rel, stmt) != "" || !s.pushable(b.source) {
		return false
	}
	stmt = proto.Clone(stmt).(*pg_query.InsertStmt)
	setTimes(it.rel, stmt.OnConflictClause.GetTargetList())
	a.pushWrite(s, &pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: stmt}}, "INSERT into "+it.table.Name, 0)
	done := a.alone == nil
	a.alone = nil
	return done
}

// pushable reports whether a source can run shard by shard.
func (s *statement) pushable(src *block) bool {
	return src.spreadDerived(nil).refusal == nil && s.calls.volatile == "" && !s.calls.sample && s.calls.system == "" && !s.writesWith()
}

// keyPlaces are the sharding key's columns among those that the source gives.
func (s *statement) keyPlaces(b *block, it *item, stmt *pg_query.InsertStmt) (at []int, no *refusal) {
	columns, plain := insertColumns(it.rel, stmt)
	for _, name := range it.table.Keys {
		i := slices.Index(columns, name)
		attr := it.rel.Column(name)
		if i < 0 || !plain || !b.source.outOpen && i >= len(b.source.outIDs) ||
			attr != nil && attr.Identity != 0 && stmt.Override == pg_query.OverridingKind_OVERRIDING_USER_VALUE {
			s.refuseKey(it, name)
			return nil, s.refused
		}
		at = append(at, i)
	}
	return at, nil
}

// copiesKey reports whether the source copies the sharding key of a table of
// the same map.
func (s *statement) copiesKey(src *block, it *item, at []int) bool {
	k := src.spreadDerived(nil)
	if k.refusal != nil || src.outOpen {
		return false
	}
	return slices.ContainsFunc(k.keys, func(one keySet) bool {
		return one.group == it.table.Group && slices.Equal(src.ordinals(src.outIDs, one), at) && s.sameTypes(it, src, at)
	})
}

// sameTypes: no cast on the way may change the key.
func (s *statement) sameTypes(it *item, src *block, at []int) bool {
	for i, name := range it.table.Keys {
		want := it.rel.Column(name)
		id := src.outIDs[at[i]]
		if want == nil || id == 0 || !s.comparable(id, it.columnID(name)) {
			return false
		}
		got := s.cols[id].attr
		if want.Typmod >= 0 && want.Typmod != got.Typmod {
			return false
		}
	}
	return true
}

// constantKey is the program for INSERT ... SELECT 5, ... .
func (a *Analysis) constantKey(s *statement, it *item, stmt *pg_query.SelectStmt, src *block, at []int) *program {
	if stmt.Op != pg_query.SetOperation_SETOP_NONE || len(stmt.TargetList) != len(src.outIDs) {
		return nil
	}
	p := &program{op: opKey, set: a.p.everyShard(), table: it.table}
	for i, name := range it.table.Keys {
		attr := it.rel.Column(name)
		n := stmt.TargetList[at[i]].GetResTarget().GetVal()
		v, ok := readValue(n)
		typ, also := s.p.keyType(attr)
		// A constant of another type is cast, and a length would cut it.
		if !ok || !also || attr.Typmod >= 0 || v.kind == valueNull {
			return nil
		}
		s.params.at(n, typ) // it takes the column's type
		p.keys = append(p.keys, key{value: v, typ: typ, assigned: true})
	}
	return p
}
