package shardplan

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
)

// expandedAt is where the places of what views select begin: behind those of
// any text.
const expandedAt = 1 << 28

// expand is s with what views select in the place of views over sharded
// tables, those inside views too. nil means that there is none, or one that
// cannot be put in.
func (p *Planner) expand(s *statement, root *block) (*statement, *block) {
	next, done := int32(expandedAt), false
	for range maxNesting {
		views, ok := s.sharedViews()
		if !ok {
			return nil, nil
		}
		if len(views) == 0 {
			break
		}
		if namesOf(root.stmt, views) {
			return nil, nil
		}
		stmt := proto.Clone(root.stmt).(*pg_query.SelectStmt)
		rewrite.Walk(stmt, func(m proto.Message) bool {
			n, ok := m.(*pg_query.Node)
			if !ok || n.GetRangeVar() == nil {
				return true
			}
			if it := views[n.GetRangeVar().Location]; it != nil {
				n.Node = it.asSubselect(&next)
			}
			return false
		})
		s, root = p.bound(stmt, s.searchPath)
		if done = true; s.refused != nil || s.lead != "" {
			return nil, nil
		}
	}
	if !done {
		return nil, nil
	}
	return s, root
}

// maxNesting bounds how deep views stand in views.
const maxNesting = 8

// sharedViews are the views over sharded tables that the statement itself
// names, by where. Not ok: one cannot be put in, because its owner may see
// other rows than who asks, or for the way it is named.
func (s *statement) sharedViews() (views map[int32]*item, ok bool) {
	views, ok = map[int32]*item{}, true
	s.eachItem(func(it *item) {
		if it.sub == nil || !it.sub.viewed || it.block.ofView() {
			return
		}
		sharded := false
		it.sub.eachItem(func(in *item) {
			sharded = sharded || in.sharded()
			ok = ok && (in.ref == nil || in.rel != nil && !in.rel.Secured)
		})
		if !sharded {
			return
		}
		other := views[it.ref.Location]
		ok = ok && it.rel != nil && it.ref.Inh && !it.rel.Secured && (other == nil || other.ref == it.ref)
		views[it.ref.Location] = it
	})
	return views, ok
}

// namesOf reports whether stmt may say of a view what it cannot of a
// sub-select: its schema, or a row of its type.
func namesOf(stmt *pg_query.SelectStmt, views map[int32]*item) (found bool) {
	rewrite.Walk(stmt, func(m proto.Message) bool {
		ref, ok := m.(*pg_query.ColumnRef)
		if !ok {
			return true
		}
		found = found || len(ref.Fields) > 2
		for _, it := range views {
			found = found || len(ref.Fields) == 1 && ref.Fields[0].GetString_().GetSval() == it.alias && it.rel.Column(it.alias) == nil
		}
		return true
	})
	return found
}

// asSubselect is the view as a sub-select of its name.
func (it *item) asSubselect(next *int32) *pg_query.Node_RangeSubselect {
	inner := proto.Clone(it.sub.stmt).(*pg_query.SelectStmt)
	rewrite.Walk(inner, func(m proto.Message) bool {
		if v, ok := m.(*pg_query.RangeVar); ok {
			*next++
			v.Location = *next
		}
		return true
	})
	alias := &pg_query.Alias{Aliasname: it.alias}
	for i := range it.rel.Columns {
		alias.Colnames = append(alias.Colnames, pg_query.MakeStrNode(it.rel.Columns[i].Name))
	}
	return &pg_query.Node_RangeSubselect{RangeSubselect: &pg_query.RangeSubselect{
		Subquery: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: inner}}, Alias: alias,
	}}
}
