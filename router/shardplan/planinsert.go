package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards"
)

func (a *Analysis) planInsert(s *statement, tree *pg_query.ParseResult, stmt *pg_query.InsertStmt) {
	a.writes = true
	s.countParams(stmt)
	b := s.newBlock(nil)
	b.level = &level{}
	it := b.target(stmt.Relation)
	ins := b.bindInsert(it, stmt)
	r := s.reads()
	if !a.judge(s, r) || it == nil {
		return
	}
	a.guardParts(s)
	a.guard(it, true)
	if a.reject != nil {
		return
	}
	switch it.table.Kind {
	case shards.Reference:
		a.insertReference(s, b, it, tree, stmt)
		return
	case shards.Single:
		a.set = a.setOfAll(s)
		a.alone = refusef("", "INSERT into %q, which is on one shard, of rows of others is not supported", it.table.Name).plan()
		return
	}
	a.localSequences(b, it, stmt)
	switch {
	case ins != nil:
		a.insertRows(s, b, it, ins, tree, stmt)
	case b.source != nil:
		a.insertSelect(s, b, it, stmt)
	default: // DEFAULT VALUES
		s.refuseKey(it, it.table.Keys[0])
		a.refuse(s.refused)
	}
}

// guardParts: the writes inside WITH.
func (a *Analysis) guardParts(s *statement) {
	for _, it := range s.writesTo {
		a.guard(it, true)
	}
	if s.drawn != nil && a.sequences == nil {
		a.sequences = s.drawn.plan()
	}
}

// others is the shards of all relations but the target; nil if there are none.
func (a *Analysis) others(s *statement, target *item) *program {
	list := a.sets(s, target)
	a.tables = append(a.tables, target.table)
	if len(list) == 0 {
		return nil
	}
	p := or(a.p.shardMap.All(), list...)
	p.trust(s)
	return p
}

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
	return n.frame(copied, lists[0])
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
func (n *insert) frame(stmt *pg_query.InsertStmt, _ *pg_query.Node) *refusal {
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

// conflict checks what ON CONFLICT relies on.
func (s *statement) conflict(it *item, c *pg_query.OnConflictClause) {
	if it.table.Kind != shards.Sharded {
		return
	}
	for _, n := range c.TargetList {
		if slices.Contains(it.table.Keys, n.GetResTarget().GetName()) {
			s.refuse(refusef("Delete the row, and insert it anew.", "ON CONFLICT DO UPDATE of the sharding key %q is not supported", n.GetResTarget().Name))
		}
	}
	if c.Infer == nil {
		return // any unique index, and all must include the key
	}
	var columns []string
	for _, n := range c.Infer.IndexElems {
		columns = append(columns, n.GetIndexElem().GetName())
	}
	for _, u := range it.rel.Unique {
		if u.Name == c.Infer.Conname && c.Infer.Conname != "" {
			columns = u.Columns
		}
	}
	if !includes(columns, it.table.Keys) {
		s.refuse(refusef("Add "+strings.Join(it.table.Keys, ", ")+" to the index and to ON CONFLICT.",
			"ON CONFLICT on columns without the sharding key of %q is not supported", it.rel.Name))
	}
}

// insertSelect plans INSERT ... SELECT into a sharded table: each shard inserts
// its own rows, if they stay there.
func (a *Analysis) insertSelect(s *statement, b *block, it *item, stmt *pg_query.InsertStmt) {
	src := b.source
	columns, plain := insertColumns(it.rel, stmt)
	a.set = a.others(s, it)
	keyed, no := a.keyOfSource(s, b, it, stmt, columns, plain)
	switch {
	case no != nil:
		a.refuse(no)
		return
	case keyed != nil: // a constant
		a.set = keyed
		if others := a.others(s, it); others != nil {
			a.set = or(a.p.everyShard(), keyed, others)
		}
		a.alone = refusef(hintOneShard, "INSERT of rows of several shards into one is not supported").plan()
		return
	}
	if b.timeColumn(it.rel, stmt) != "" {
		stmt = selectTimes(it.rel, stmt, src)
	}
	if c := b.timeColumn(it.rel, stmt); c != "" {
		a.alone = refusef(hintGiveValues, "column %q of %q takes the time as its default, and each shard would take another", c, it.rel.Name).plan()
		return
	}
	if a.alone = a.pushable(s, src); a.alone == nil {
		a.pushWrite(s, &pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: stmt}}, "INSERT into "+it.table.Name, 0)
	}
}

// pushable says why a source cannot run shard by shard.
func (a *Analysis) pushable(s *statement, src *block) *plan.Reject {
	k := src.spreadDerived(nil)
	switch {
	case k.refusal != nil:
		return k.refusal.plan()
	case s.calls.volatile != "" || s.calls.sample || s.calls.system != "":
		return refusef(hintOneShard, "INSERT ... SELECT over several shards with a volatile function, TABLESAMPLE or a system column is not supported").plan()
	case s.writesWith():
		return refusef(hintOneShard, "WITH that writes on several shards is not supported").plan()
	}
	return nil
}

// keyOfSource finds the sharding key among the columns of the source: copied
// from a table of the same map (nil), or constant (a program).
func (a *Analysis) keyOfSource(s *statement, b *block, it *item, stmt *pg_query.InsertStmt, columns []string, plain bool) (*program, *refusal) {
	src := b.source
	var at []int
	for _, name := range it.table.Keys {
		i := slices.Index(columns, name)
		if i < 0 || !plain || i >= len(src.outIDs) {
			s.refuseKey(it, name)
			return nil, s.refused
		}
		at = append(at, i)
	}
	if p := a.constantKey(s, it, stmt.SelectStmt.GetSelectStmt(), src, at); p != nil {
		return p, nil
	}
	k := src.spreadDerived(nil)
	if k.refusal == nil {
		for _, one := range k.keys {
			if one.group == it.table.Group && slices.Equal(src.ordinals(src.outIDs, one), at) && s.sameTypes(it, src, at) {
				return nil, nil
			}
		}
	}
	return nil, refusef("Copy the key from a table of the same map, or give it as a constant.",
		"INSERT ... SELECT into %q must copy the sharding key from a table of the same map", it.rel.Name)
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
		v, ok := readValue(stmt.TargetList[at[i]].GetResTarget().GetVal())
		typ, also := s.p.keyType(attr)
		// A constant of another type is cast, and a length would cut it.
		if !ok || !also || attr.Typmod >= 0 || v.kind == valueText && v.typ == 0 && !typ.IsText() || v.kind == valueArg || v.kind == valueNull {
			return nil
		}
		p.keys = append(p.keys, key{value: v, typ: typ, assigned: true})
	}
	return p
}

// insertReference plans an INSERT into a table that every shard has.
func (a *Analysis) insertReference(s *statement, b *block, it *item, tree *pg_query.ParseResult, stmt *pg_query.InsertStmt) {
	if c := b.sequenceColumn(it.rel, stmt); c != "" {
		a.refuse(refusef("Give the value, for instance of SELECT nextval(...).", "column %q of reference table %q takes its default from a sequence, and each copy would take another", c, it.rel.Name))
		return
	}
	if no := b.changingDefault(it.rel, stmt); no != nil {
		a.refuse(no)
		return
	}
	if stmt.OnConflictClause != nil && b.source != nil {
		a.refuse(refusef("Read the rows first, then write them as values.", "INSERT ... SELECT ... ON CONFLICT into reference table %q is not supported: which of several rows comes first is not certain", it.rel.Name))
		return
	}
	copied := proto.Clone(tree).(*pg_query.ParseResult)
	if stmt.SelectStmt.GetSelectStmt().GetValuesLists() != nil {
		giveTimes(it.rel, copied.Stmts[0].Stmt.GetInsertStmt())
	} else if c := b.timeColumn(it.rel, stmt); c != "" {
		a.refuse(refusef(hintGiveValues, "column %q of reference table %q takes the time as its default, and each copy would take another", c, it.rel.Name))
		return
	}
	a.writeReference(s, b, it, copied)
}
