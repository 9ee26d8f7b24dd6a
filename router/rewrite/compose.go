package rewrite

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Piece is a block of a statement that depends on nothing around it, with the
// plan that Combined has of it.
type Piece struct {
	Select *pg_query.SelectStmt // as it stands in the statement
	Result *Result
	// Arm: it is a part of UNION, INTERSECT or EXCEPT, whose columns' types
	// and collations come of all parts together.
	Arm bool
}

// Combined is Select for a block whose rows another one reads: always by a
// combine query, and never over rows that are moved.
func Combined(stmt *pg_query.SelectStmt, scope Scope) (*Result, *Refusal) {
	if no := checkAll(stmt, scope); no != nil {
		return nil, no
	}
	if stmt.Op != pg_query.SetOperation_SETOP_NONE || len(stmt.ValuesLists) > 0 || len(stmt.FromClause) == 0 || len(stmt.LockingClause) > 0 {
		return nil, refuse("a sub-query of this kind", "")
	}
	if no := checkInside(stmt, scope); no != nil {
		return nil, no
	}
	b, no := takeApart(stmt, scope)
	if no != nil {
		return nil, no
	}
	if no := b.combinable(); no != nil {
		return nil, no
	}
	result, no := b.partial()
	if no == nil && result.Combine.Gather {
		return nil, refuse("a sub-query over rows that are moved", "")
	}
	return result, no
}

// Compose plans stmt over its pieces: each piece's legs, and one combine query
// that is stmt with the pieces' in their places. What is not in a piece must be
// the same on every shard. It reads stmt and does not change it.
func Compose(stmt *pg_query.SelectStmt, pieces []Piece) (*Result, *Refusal) {
	var no *Refusal
	named := tableNames(stmt)
	Walk(stmt, func(m proto.Message) bool {
		if _, locks := m.(*pg_query.LockingClause); locks && no == nil {
			no = never("FOR UPDATE or FOR SHARE over sub-queries that several shards answer", "")
		}
		if no == nil {
			no = checkNode(m, named)
		}
		return no == nil
	})
	result, sent := &Result{Combine: &plan.Combine{}}, 0
	bodies := map[*pg_query.SelectStmt]*pg_query.SelectStmt{}
	for _, p := range pieces {
		if no != nil {
			return nil, no
		}
		var columns int
		bodies[p.Select], columns, no = p.body(sent)
		result.Legs, sent = append(result.Legs, p.Result.Legs...), sent+columns
	}
	if no != nil {
		return nil, no
	}
	out := clone(stmt)
	substitute(out.ProtoReflect(), stmt.ProtoReflect(), bodies)
	if result.Combine.SQL, result.Combine.Args, no = numbered(out, sent); no != nil {
		return nil, no
	}
	return result, nil
}

// sentBase is where numbers of parameters that stand for the legs' columns
// begin, while the tree is put together: after those of sub-plans.
const sentBase = 1 << 24

// body is the piece's combine query as a tree, with the client's own numbers
// of parameters, and how many columns its leg sends; sent are those before.
func (p *Piece) body(sent int) (*pg_query.SelectStmt, int, *Refusal) {
	c := p.Result.Combine
	tree, err := sqlparse.Tree(c.SQL)
	if err != nil || len(p.Result.Legs) != 1 {
		return nil, 0, refuse("a sub-query that cannot be printed", "")
	}
	body := tree.Stmts[0].Stmt.GetSelectStmt()
	var refs []*pg_query.ParamRef
	most := 0
	Walk(body, func(m proto.Message) bool {
		if r, ok := m.(*pg_query.ParamRef); ok {
			refs, most = append(refs, r), max(most, int(r.Number))
		}
		return true
	})
	columns := most - len(c.Args)
	for _, r := range refs {
		if n := int(r.Number); n > columns {
			r.Number = int32(c.Args[n-columns-1]) //nolint:gosec // of a parameter
		} else {
			r.Number = int32(sentBase + sent + n) //nolint:gosec // of a column
		}
	}
	if p.Arm && !p.typedAs(body) {
		return nil, 0, refuse("a part of UNION, INTERSECT or EXCEPT whose types come of the other parts", "cast its columns")
	}
	return body, columns, nil
}

// typedAs reports whether the columns of body count for the type and the
// collation of a set operation as those of the piece do: a constant without a
// type takes that of the others, and an explicit collation has its way.
func (p *Piece) typedAs(body *pg_query.SelectStmt) bool {
	list := p.Select.TargetList
	for i, n := range list {
		val := n.GetResTarget().Val
		explicit := false
		Walk(val, func(m proto.Message) bool {
			_, is := m.(*pg_query.CollateClause)
			explicit = explicit || is
			return !explicit
		})
		if explicit || val.GetParamRef() != nil || val.GetSetToDefault() != nil {
			return false
		}
		if isUntyped(val) && (len(body.TargetList) != len(list) || !isUntyped(body.TargetList[i].GetResTarget().Val)) {
			return false
		}
	}
	return true
}

// substitute puts bodies into dst, a copy of src, where src has their keys.
func substitute(dst, src protoreflect.Message, bodies map[*pg_query.SelectStmt]*pg_query.SelectStmt) {
	if s, ok := src.Interface().(*pg_query.SelectStmt); ok && bodies[s] != nil {
		proto.Reset(dst.Interface())
		proto.Merge(dst.Interface(), bodies[s])
		return
	}
	for f, v := range fields(src) {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				substitute(dst.Mutable(f).List().Get(i).Message(), v.List().Get(i).Message(), bodies)
			}
		default:
			substitute(dst.Mutable(f).Message(), v.Message(), bodies)
		}
	}
}

// numbered prints out, the legs' columns as its first parameters and the
// client's after them, and says which these are.
func numbered(out *pg_query.SelectStmt, sent int) (string, []int, *Refusal) {
	var used []int
	var refs []*pg_query.ParamRef
	Walk(out, func(m proto.Message) bool {
		r, ok := m.(*pg_query.ParamRef)
		switch {
		case !ok:
		case r.Number > sentBase:
			r.Number -= sentBase
		default:
			refs, used = append(refs, r), append(used, int(r.Number))
		}
		return true
	})
	slices.Sort(used)
	used = slices.Compact(used)
	if len(used) > 0 && (used[0] <= 0 || isSub(used[len(used)-1])) {
		return "", nil, refuse("a sub-query beside one that several shards answer", "")
	}
	for _, r := range refs {
		at, _ := slices.BinarySearch(used, int(r.Number))
		r.Number = int32(sent + at + 1) //nolint:gosec // of a parameter
	}
	text, no := printSelect(out)
	return text, used, no
}

// ReadsWith reports whether q, which stands in stmt, may read a WITH query of
// what is around it.
func ReadsWith(stmt, q *pg_query.SelectStmt) bool { return readsWith(stmt, q) }
