package shardplan

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// insertRows plans INSERT ... VALUES.
func (a *Analysis) insertRows(s *statement, b *block, it *item, ins *insert, tree *pg_query.ParseResult, stmt *pg_query.InsertStmt) {
	for i := range ins.rows {
		for j := range ins.rows[i].keys {
			ins.rows[i].keys[j].trust(s)
		}
	}
	ins.reads = a.others(s, it)
	ins.why = "INSERT into " + it.table.Name + " by " + strings.Join(it.table.Keys, ", ")
	a.insert = ins
	if no := a.splittable(s, b, ins); no != nil {
		ins.alone = no.plan()
		return
	}
	if no := ins.write(a.p, it, tree, stmt); no != nil {
		ins.alone = no.plan()
	}
}

// splittable says why rows cannot go to several shards by statements of their
// own.
func (a *Analysis) splittable(s *statement, b *block, ins *insert) *refusal {
	switch {
	case ins.reads != nil || len(b.subs) > 0 || len(b.derive) > 0:
		return refusef(hintOneByOne, "INSERT of rows for several shards with sub-queries is not supported")
	case s.calls.system != "":
		return refusef("", "system column %q over several shards is not supported", s.calls.system)
	case len(ins.rows) < 2:
		return refusef("", "INSERT of one row cannot concern several shards")
	}
	return nil
}

// write makes the texts that the statements of several shards are put together
// of. What is the time of the transaction is one time for all.
func (n *insert) write(p *Planner, it *item, tree *pg_query.ParseResult, stmt *pg_query.InsertStmt) *refusal {
	n.clients = highestParam(tree)
	copied := proto.Clone(stmt).(*pg_query.InsertStmt)
	giveTimes(it.rel, copied)
	setTimes(it.rel, copied.OnConflictClause.GetTargetList())
	before := proto.Clone(copied)
	if !freezeNow(p, copied, n.clients+1) {
		return refusef("Compute the time first, and pass it as a parameter.", "INSERT of rows for several shards with a function of time is not supported")
	}
	n.now = !proto.Equal(before, copied)
	src := copied.SelectStmt.GetSelectStmt()
	lists := src.ValuesLists
	var no *refusal
	for i := range lists {
		var row string
		src.ValuesLists = []*pg_query.Node{lists[i]}
		if row, no = rowText(src); no != nil {
			return no
		}
		n.rows[i].text = cutParams(row)
	}
	return n.frame(copied)
}

// rowText prints VALUES of one row, without the word.
func rowText(src *pg_query.SelectStmt) (string, *refusal) {
	text, no := deparse(&pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: &pg_query.SelectStmt{
		ValuesLists: src.ValuesLists, Op: src.Op, LimitOption: src.LimitOption,
	}}})
	if no != nil {
		return "", no
	}
	row, ok := strings.CutPrefix(text, "VALUES ")
	if !ok {
		return "", refusef("", "the statement cannot be written anew for several shards")
	}
	return row, nil
}

// mark is a row that stands in the text for all rows.
const mark = "'wye rows'"

// frame cuts the rest of the statement around its rows.
func (n *insert) frame(stmt *pg_query.InsertStmt) *refusal {
	src := stmt.SelectStmt.GetSelectStmt()
	src.ValuesLists = []*pg_query.Node{{Node: &pg_query.Node_List{List: &pg_query.List{Items: []*pg_query.Node{pg_query.MakeAConstStrNode("wye rows", 0)}}}}}
	text, no := deparse(&pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: stmt}})
	if no != nil {
		return no
	}
	head, tail, ok := strings.Cut(text, "("+mark+")")
	if !ok || strings.Contains(tail, mark) {
		return refusef("", "the statement cannot be written anew for several shards")
	}
	n.head, n.tail = cutParams(head), cutParams(tail)
	n.ordered = len(stmt.ReturningList) > 0 && !mayskip(stmt.OnConflictClause)
	return nil
}

// mayskip: some rows may return nothing.
func mayskip(c *pg_query.OnConflictClause) bool {
	return c != nil && (c.Action == pg_query.OnConflictAction_ONCONFLICT_NOTHING || c.WhereClause != nil)
}
