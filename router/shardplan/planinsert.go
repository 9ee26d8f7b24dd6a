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
		a.insertSingle(s, b, it, stmt)
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

// insertSingle plans an INSERT into a table that one shard has.
func (a *Analysis) insertSingle(s *statement, b *block, it *item, stmt *pg_query.InsertStmt) {
	a.set = a.setOfAll(s)
	no := refusef("", "INSERT into %q, which is on one shard, of rows of others is not supported", it.table.Name)
	if b.source != nil {
		no = a.carryRows(s, b, it, stmt, nil)
	}
	if no != nil {
		a.alone = no.plan()
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
