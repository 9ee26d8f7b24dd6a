package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/shards"
)

func (a *Analysis) planInsert(s *statement, tree *pg_query.ParseResult, stmt *pg_query.InsertStmt) {
	a.writes = true
	s.countParams(stmt)
	b := s.newBlock(nil)
	b.level = &level{}
	it := b.target(stmt.Relation)
	if again := s.evaluated(it, stmt); again != stmt {
		stmt, s.sql = again, ""
		tree = &pg_query.ParseResult{Version: tree.Version, Stmts: []*pg_query.RawStmt{{Stmt: &pg_query.Node{Node: &pg_query.Node_InsertStmt{InsertStmt: stmt}}}}}
		s.countParams(stmt)
	}
	ins := b.bindInsert(it, stmt)
	r := s.reads()
	if !a.judge(s, r) || it == nil {
		return
	}
	a.guardParts(s)
	a.guard(it, true)
	if c := stmt.OnConflictClause; c != nil {
		a.guardDefaults(s, it, c.TargetList)
	}
	if a.reject != nil {
		return
	}
	switch it.table.Kind {
	case shards.Reference:
		a.insertReference(s, b, it, tree, stmt)
		return
	case shards.Single:
		a.set = a.setOfAll(s)
		no := refusef("", "INSERT into %q, which is on one shard, of rows of others is not supported", it.table.Name)
		if b.source != nil {
			no = a.carryRows(s, b, it, stmt, nil)
		}
		if no != nil {
			a.alone = no.plan()
		}
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
	copied := proto.Clone(tree).(*pg_query.ParseResult)
	setTimes(it.rel, copied.Stmts[0].Stmt.GetInsertStmt().OnConflictClause.GetTargetList())
	switch c := b.timeColumn(it.rel, stmt); {
	case stmt.SelectStmt == nil && c != "":
		a.refuse(refusef(hintGiveValues, "column %q of reference table %q takes the time as its default, and each copy would take another", c, it.rel.Name))
		return
	case b.source == nil:
		giveTimes(it.rel, copied.Stmts[0].Stmt.GetInsertStmt())
		a.writeReference(s, b, it, copied)
		return
	case stmt.OnConflictClause == nil && c == "" && copiesDiffer(s, b, it) == nil:
		a.pushCopies(s, it, copied.Stmts[0].Stmt, 0)
		return
	}
	no := a.copiesOf(it, stmt)
	if no == nil {
		no = a.carryRows(s, b, it, stmt, nil)
	}
	if no != nil {
		a.refuse(no)
		return
	}
	a.all = true
}
