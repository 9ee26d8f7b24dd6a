package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

// eachDefault calls yield for the columns that SET gives the word DEFAULT.
// alone is what SET has there, nil in a list in brackets.
func eachDefault(r *catalog.Relation, set []*pg_query.Node, yield func(c *catalog.Column, alone *pg_query.ResTarget)) {
	for _, n := range set {
		t := n.GetResTarget()
		c := r.Column(t.GetName())
		if c == nil {
			continue
		}
		if t.Val.GetSetToDefault() != nil {
			yield(c, t)
		}
		many := t.Val.GetMultiAssignRef()
		if row := many.GetSource().GetRowExpr().GetArgs(); many != nil && int(many.Colno) <= len(row) && row[many.Colno-1].GetSetToDefault() != nil {
			yield(c, nil)
		}
	}
}

// isSerial reports whether a column's default is a number of a sequence.
func isSerial(c *catalog.Column) bool {
	return c.Identity != 0 || strings.Contains(c.Default, "nextval(")
}

// guardDefaults guards the word DEFAULT in the SET of a write to it, as that of
// an INSERT is.
func (a *Analysis) guardDefaults(s *statement, it *item, set []*pg_query.Node) {
	if it.table.Kind == shards.Single {
		return
	}
	eachDefault(it.rel, set, func(c *catalog.Column, alone *pg_query.ResTarget) {
		switch reference := it.table.Kind == shards.Reference; {
		case isSerial(c) && reference:
			a.refuse(refusef("Give the value, for instance of SELECT nextval(...).", "column %q of reference table %q takes its default from a sequence, and each copy would take another", c.Name, it.rel.Name))
		case isSerial(c):
			a.sequences = drawn(c.Name, it.rel.Name).plan()
		case defaultTime(c) != nil && alone == nil:
			a.refuse(refusef("Set the column by itself, without brackets.", "column %q of %q takes the time as its default, and each shard would take another", c.Name, it.rel.Name))
		case reference && s.p.changes(c.Default):
			a.refuse(refusef(hintGiveValues, "the default of column %q of reference table %q is not the same on every shard", c.Name, it.rel.Name))
		}
	})
}

func drawn(column, table string) *refusal {
	return refusef("Give the value, for instance of SELECT nextval(...), or set sharding.local_sequences if those of the shards never meet.",
		"column %q of %q takes its default from a sequence, and each shard has its own", column, table)
}

// changes reports whether a default may be another value each time that it is
// computed, times of the transaction aside.
func (p *Planner) changes(text string) (bad bool) {
	if text == "" {
		return false
	}
	tree, err := sqlparse.Tree("SELECT " + text)
	if err != nil {
		return true
	}
	rewrite.Walk(tree, func(m proto.Message) bool {
		f, ok := m.(*pg_query.FuncCall)
		bad = bad || ok && p.call(f).kind > callNow
		return true
	})
	return bad
}

// setTimes writes out, in SET, the defaults that are times of the transaction.
func setTimes(r *catalog.Relation, set []*pg_query.Node) (changed bool) {
	eachDefault(r, set, func(c *catalog.Column, alone *pg_query.ResTarget) {
		if def := defaultTime(c); def != nil && alone != nil {
			alone.Val, changed = def, true
		}
	})
	return changed
}
