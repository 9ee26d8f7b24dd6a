package rewrite

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
)

// subBase is where numbers of parameters that stand for sub-plans begin:
// after all that a client can have (65535), so that they sort behind.
const subBase = 1 << 20

// Part is a sub-query that runs first. What it finds is a parameter of the
// rest, as Kind says.
type Part struct {
	Kind   plan.SubKind
	Select *pg_query.SelectStmt // a tree of its own
}

// Subplans takes links out of stmt: sub-queries of it that depend on nothing
// outside them, as the caller has made sure. What is left is a tree of its
// own, to be given to Select with a Scope of that tree, in which the block
// SELECT unnest($n) that an IN keeps is Local; Select then lists the parts, by
// place, in the legs' Subs. A scalar that has no row is NULL, one that has
// several is error 21000, which is for who runs the plan.
func Subplans(stmt *pg_query.SelectStmt, links []*pg_query.SubLink, scope Scope) (*pg_query.SelectStmt, []Part, *Refusal) {
	rest, parts, no := cutAll(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: stmt}}, links, scope, nil)
	return rest.GetSelectStmt(), parts, no
}

// WriteSubplans is Subplans for UPDATE and DELETE. with are the WITH queries of
// the write: a part takes along those that it reads, if nothing else does.
func WriteSubplans(write *pg_query.Node, links []*pg_query.SubLink, scope Scope, with *pg_query.WithClause) (*pg_query.Node, []Part, *Refusal) {
	return cutAll(write, links, scope, with)
}

func cutAll(n *pg_query.Node, links []*pg_query.SubLink, scope Scope, with *pg_query.WithClause) (*pg_query.Node, []Part, *Refusal) {
	var parts []Part
	var no *Refusal
	rest := rebuild(n, func(m *pg_query.Node) (*pg_query.Node, bool) {
		link := m.GetSubLink()
		if link == nil || !slices.Contains(links, link) || no != nil {
			return nil, false
		}
		part, replaced, refused := cutOut(n, link, subBase+len(parts)+1, scope, with)
		if refused != nil {
			no = refused
			return nil, false
		}
		parts = append(parts, part)
		return replaced, true
	})
	if no != nil {
		return nil, nil, no
	}
	return rest, parts, nil
}

// cutOut is one sub-query, and what stands in its place: parameter number.
func cutOut(stmt *pg_query.Node, link *pg_query.SubLink, number int, scope Scope, with *pg_query.WithClause) (Part, *pg_query.Node, *Refusal) {
	q := link.Subselect.GetSelectStmt()
	if q == nil {
		return Part{}, nil, refuse("a sub-query that is not a SELECT", "")
	}
	p, param := Part{Select: clone(q)}, pg_query.MakeParamRefNode(int32(number), 0)
	if readsWith(stmt, q) {
		if q.WithClause != nil || !ownWith(stmt, with) {
			return Part{}, nil, refuse("a sub-query that reads a WITH query", "")
		}
		p.Select.WithClause = clone(with)
	}
	if link.SubLinkType == pg_query.SubLinkType_EXISTS_SUBLINK {
		p.Kind = plan.SubExists
		if q.LimitCount == nil {
			p.Select.LimitCount, p.Select.LimitOption = ordinal(1), pg_query.LimitOption_LIMIT_OPTION_COUNT
		}
		return p, expression("{0}::bool", param), nil
	}
	columns, ok := Outputs(q, scope)
	if !ok || len(columns) != 1 || columns[0].TypeOID == 0 || !columns[0].DefaultCollation {
		return Part{}, nil, refuse("a sub-query whose type or collation is not certain", "cast its column")
	}
	s, ok := columns[0].shape()
	if !ok || s.asText {
		return Part{}, nil, refuse("a sub-query whose type does not travel", "")
	}
	switch link.SubLinkType {
	case pg_query.SubLinkType_EXPR_SUBLINK:
		p.Kind = plan.SubScalar
		if s.cast != "" {
			return p, expression("{0}::"+s.cast, param), nil
		}
		// The brackets of a sub-query keep it from being read as a constant
		// where one means something else, as in ORDER BY.
		return p, expression("(SELECT {0})", param), nil
	case pg_query.SubLinkType_ANY_SUBLINK, pg_query.SubLinkType_ALL_SUBLINK:
		// The elements stay rows, so that NULL is among them what it was.
		p.Kind = plan.SubArray
		left := clone(link)
		left.Subselect = expression("(SELECT unnest({0}))", param).GetSubLink().Subselect
		return p, &pg_query.Node{Node: &pg_query.Node_SubLink{SubLink: left}}, nil
	}
	return Part{}, nil, refuse("a sub-query of a kind that cannot run first", "")
}

// ownWith reports whether the queries of with, all SELECTs, are each named in
// one place of stmt at most, and no other WITH has their names: where they are
// run does not matter then, as they are run once.
func ownWith(stmt *pg_query.Node, with *pg_query.WithClause) bool {
	if with == nil || with.Recursive {
		return false
	}
	made, named := map[string]int{}, map[string]int{}
	selects := true
	Walk(stmt, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.CommonTableExpr:
			made[m.Ctename]++
			selects = selects && m.Ctequery.GetSelectStmt() != nil
		case *pg_query.RangeVar:
			if m.Schemaname == "" {
				named[m.Relname]++
			}
		}
		return true
	})
	for _, n := range with.Ctes {
		name := n.GetCommonTableExpr().Ctename
		selects = selects && made[name] == 1 && named[name] <= 1
	}
	return selects
}

// readsWith reports whether q may read a WITH query of what is around it.
func readsWith(stmt proto.Message, q *pg_query.SelectStmt) bool {
	outside, inside := map[string]int{}, map[string]int{}
	counted := func(s proto.Message, into map[string]int) {
		Walk(s, func(m proto.Message) bool {
			if c, ok := m.(*pg_query.CommonTableExpr); ok {
				into[c.Ctename]++
			}
			return true
		})
	}
	counted(stmt, outside)
	counted(q, inside)
	reads := false
	Walk(q, func(m proto.Message) bool {
		if r, ok := m.(*pg_query.RangeVar); ok && r.Schemaname == "" && outside[r.Relname] > inside[r.Relname] {
			reads = true
		}
		return !reads
	})
	return reads
}
