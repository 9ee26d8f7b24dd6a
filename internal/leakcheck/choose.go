package leakcheck

import (
	"fmt"
	"strings"
)

// next chooses a step. A session is made clean now and then, so that what
// binds it to a server conn ends and others get their turn.
func (p *pair) next() step {
	p.sinceReset++
	p.serial++
	switch status := p.private.conn.TxStatus(); {
	case p.rand.IntN(400) == 0:
		return step{kind: "reconnect"}
	case status == 'E' && p.rand.IntN(2) == 0:
		return simple("transaction", pick(p.rand, []string{"rollback", "commit", "rollback to s1"}))
	case status == 'T' && p.rand.IntN(8) == 0:
		return simple("transaction", pick(p.rand, []string{"rollback", "commit", "commit", "commit and chain", "end", "abort"}))
	case status == 'I' && p.sinceReset > 40:
		p.sinceReset = 0
		return simple("discard", "discard all")
	}
	return pick(p.rand, choices)(p)
}

// choices are weighed by how often they stand here.
var choices = []func(*pair) step{
	(*pair).set, (*pair).set, (*pair).set, (*pair).set, (*pair).set, (*pair).set,
	(*pair).reset, (*pair).show, (*pair).show, (*pair).look, (*pair).look, (*pair).look,
	(*pair).begin, (*pair).begin, (*pair).savepoint, (*pair).savepoint,
	(*pair).named, (*pair).named, (*pair).named, (*pair).sqlPrepared, (*pair).sqlPrepared,
	(*pair).temporary, (*pair).temporary, (*pair).cursor, (*pair).lock, (*pair).listen,
	(*pair).write, (*pair).write, (*pair).fault, (*pair).pipe, (*pair).pipe, (*pair).several,
	(*pair).discard, (*pair).role,
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// own is a text that no other session can have made.
func (p *pair) own() string { return fmt.Sprintf("session %d value %d", p.id, p.serial) }

func (p *pair) setSQL() string { return p.setSQLOf(pick(p.rand, settings)) }

func (p *pair) setSQLOf(s setting) string {
	value := pick(p.rand, s.values)
	literal := quoted(value)
	if s.name == "search_path" || s.name == "DateStyle" {
		literal = value // a list, not one odd name
	}
	return pick(p.rand, []string{
		"set " + s.name + " = " + literal,
		"SET " + s.name + " TO " + literal,
		"set session " + s.name + " = " + literal,
		"set local " + s.name + " = " + literal,
		"select set_config(" + quoted(s.name) + ", " + quoted(value) + ", false)",
		"select pg_catalog.set_config(" + quoted(s.name) + ", " + quoted(value) + ", true)",
		"set " + s.name + " to default",
	})
}

func (p *pair) set() step {
	s := pick(p.rand, settings)
	value := pick(p.rand, s.values)
	switch p.rand.IntN(10) {
	case 0:
		return params("set", "select set_config($1, $2, false)", s.name, value)
	case 1:
		return params("set", "select set_config($1, $2, $3)", s.name, value, pick(p.rand, []string{"t", "f"}))
	case 2:
		return simple("set", "set time zone "+pick(p.rand, []string{"'Asia/Tokyo'", "-3", "default", "local", "interval '+02:00' hour to minute"}))
	case 3:
		return simple("set", "set session characteristics as transaction "+
			pick(p.rand, []string{"read only", "read write", "isolation level serializable", "isolation level read committed", "read write, deferrable"}))
	case 4:
		return simple("set", "set "+s.name+" = 'not a value at all'")
	case 5:
		return params("set", p.setSQL())
	case 6:
		return simple("set", pick(p.rand, []string{"set names 'LATIN1'", "set names default", "set schema 'leak_s1'", "set transaction read only", "set constraints all immediate"}))
	}
	return simple("set", p.setSQL())
}

// reset keeps out of transactions: there a pooler that has to give back what
// the client started with must run a statement, after which PostgreSQL takes
// no other isolation level (docs: limits).
func (p *pair) reset() step {
	if p.private.conn.TxStatus() != 'I' {
		return simple("show", "show work_mem")
	}
	return simple("reset", pick(p.rand, []string{"reset all", "reset " + pick(p.rand, settings).name, "reset " + pick(p.rand, settings).name,
		"reset " + pick(p.rand, settings).name, "reset time zone", "reset role"}))
}

func (p *pair) show() step {
	name := pick(p.rand, settings).name
	switch p.rand.IntN(3) {
	case 0:
		return simple("show", "show "+name)
	case 1:
		return params("show", "select current_setting($1, true)", name)
	}
	return simple("show", "select current_setting("+quoted(name)+", true)")
}

func (p *pair) look() step {
	s := simple("audit", audit)
	if p.rand.IntN(2) == 0 {
		s = params("audit", audit)
	}
	s.text = "all state"
	return s
}

func (p *pair) begin() step {
	return simple("transaction", pick(p.rand, []string{"begin", "begin", "start transaction", "begin read only", "begin isolation level serializable",
		"begin isolation level repeatable read, read write", "commit", "rollback"}))
}

func (p *pair) savepoint() step {
	name := pick(p.rand, []string{"s1", "s2", "s3"})
	return simple("savepoint", pick(p.rand, []string{"savepoint ", "savepoint ", "release ", "rollback to ", "rollback to savepoint "})+name)
}

func (p *pair) discard() step {
	return simple("discard", pick(p.rand, []string{"discard all", "discard plans", "discard temp", "discard sequences", "deallocate all",
		"close all", "unlisten *", "select pg_advisory_unlock_all()",
		"reset session authorization"}))
}

func (p *pair) role() step {
	return simple("role", pick(p.rand, []string{"set role leak_other", "set role none", "reset role", "set local role leak_other", "set role no_such_role", "select current_user, session_user"}))
}

func (p *pair) fault() step {
	return pick(p.rand, []step{
		simple("fault", "select 1/0"), simple("fault", "selec"), simple("fault", "select * from no_such_table"),
		params("fault", "select 1 / $1::int", "0"), params("fault", "select $1::int", "x"),
		simple("fault", "select 1; select 1/0; select 2"), simple("fault", ""), params("fault", ""),
	})
}
