package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// view binds what a view selects, which names everything in full.
func (b *block) view(it *item, l *level) *block {
	tree, err := sqlparse.Tree(it.rel.View)
	var stmt *pg_query.SelectStmt
	if err == nil && len(tree.Stmts) == 1 {
		stmt = tree.Stmts[0].Stmt.GetSelectStmt()
	}
	if stmt == nil {
		b.s.refuse(refusef("", "view %q is not understood", it.rel.Name))
		return nil
	}
	inner := b.derived(stmt, nil, nil, 0, l, func(inner *block) { inner.viewed = true })
	if inner.outOpen || len(inner.outIDs) != len(it.ids) {
		return inner
	}
	for i := range it.ids {
		if id := inner.passes(i); id != 0 {
			it.ids[i] = id
		}
	}
	return inner
}

// policies judges row security, which may ask other tables.
func (s *statement) policies(r *catalog.Relation) {
	for _, text := range r.Policies {
		tree, err := sqlparse.Tree("SELECT " + text)
		if err != nil {
			s.refuse(refusef("", "the row security of %q is not understood", r.Name))
			return
		}
		rewrite.Walk(tree, func(m proto.Message) bool {
			switch m := m.(type) {
			case *pg_query.SubLink:
				s.refuse(refusef("", "row security of %q reads other rows, which may be on other shards", r.Name))
			case *pg_query.FuncCall:
				if c := s.p.call(m); c.why != "" && c.kind == callUser {
					s.refuse(refusef("", "row security of %q calls what may read other shards: %s", r.Name, c.why))
				}
			}
			return true
		})
	}
}

// isView finds views among what a write names.
func isView(r *catalog.Relation) bool { return r != nil && (r.Kind == 'v' || r.Kind == 'm') }

// words are the lower-case words of a text, quotes and comments not heeded.
func words(text string, yield func(string)) {
	for word := range strings.FieldsFuncSeq(strings.ToLower(text), func(c rune) bool {
		return c < 0x80 && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '_' && c != '$'
	}) {
		yield(word)
	}
}
