package leakcheck

import (
	"fmt"
	"strings"
)

func (p *pair) named() step {
	name := pick(p.rand, []string{"p1", "p2", "p3", "p4"})
	switch p.rand.IntN(10) {
	case 0, 1:
		return parse(name, "select $1::text || "+quoted(p.own()))
	case 2:
		return parse(name, "select current_setting('timezone') || $1::text")
	case 3:
		return parse(name, "select $1::text, count(*) from tmp1")
	case 4:
		return closeStatement(name)
	case 5:
		return simple("deallocate", "deallocate "+name)
	case 6:
		return simple("execute", "execute "+name+"('by sql')")
	}
	return bind(name, fmt.Sprintf("arg %d", p.serial))
}

func (p *pair) sqlPrepared() step {
	name := pick(p.rand, []string{"p1", "p2", "q1", "q2"})
	return simple("execute", pick(p.rand, []string{
		"prepare " + name + "(text) as select $1 || " + quoted(p.own()),
		"execute " + name + "('x')",
		"execute " + name + "('y')",
		"deallocate " + name,
		"DEALLOCATE PREPARE \"" + name + "\"",
	}))
}

func (p *pair) temporary() step {
	table := pick(p.rand, []string{"tmp1", "tmp2"})
	switch p.rand.IntN(9) {
	case 0:
		return simple("temp", "create temp table "+table+" as select "+quoted(p.own())+"::text as t")
	case 1:
		return simple("temp", "create temporary table if not exists "+table+" (t text) on commit delete rows")
	case 2:
		return simple("temp", "create temp table "+table+" (t text) on commit drop")
	case 3:
		return simple("temp", "drop table if exists pg_temp."+table)
	case 4:
		return params("temp", "insert into "+table+" values ($1)", p.own())
	case 5:
		return copyIn(table, pick(p.rand, []string{p.own() + "\n", "two\tcolumns\n", ""}))
	case 6:
		return params("temp", "select count(*), max(t) from "+table)
	case 7:
		return simple("temp", "drop table "+table)
	}
	return simple("temp", "select t from "+table+" order by t")
}

func (p *pair) cursor() step {
	name := pick(p.rand, []string{"c1", "c2"})
	return simple("cursor", pick(p.rand, []string{
		"declare " + name + " cursor with hold for select " + quoted(p.own()) + " || g from generate_series(1, 5) g",
		"declare " + name + " cursor for select g from generate_series(1, 5) g",
		"fetch 2 from " + name, "fetch 1 from " + name, "move 1 in " + name, "close " + name, "close " + name,
	}))
}

// lock keys belong to one session: another has them only by a leak.
func (p *pair) lock() step {
	key := fmt.Sprint(p.id*10 + p.rand.IntN(3))
	return pick(p.rand, []step{
		simple("lock", "select pg_try_advisory_lock("+key+")"),
		params("lock", "select pg_try_advisory_lock($1)", key),
		simple("lock", "select pg_try_advisory_lock_shared("+key+")"),
		simple("lock", "select pg_advisory_lock("+key+")"),
		params("lock", "select pg_advisory_unlock($1)", key),
		simple("lock", "select pg_advisory_unlock("+key+")"),
		simple("lock", "select pg_advisory_unlock_all()"),
		simple("lock", "select pg_try_advisory_xact_lock("+key+")"),
	})
}

// listen speaks to itself only: what comes from others comes at any time.
func (p *pair) listen() step {
	channel := fmt.Sprintf("leak_%d_%d", p.id, p.rand.IntN(2))
	return simple("listen", pick(p.rand, []string{"listen " + channel, "notify " + channel + ", " + quoted(p.own()),
		"notify " + channel + ", " + quoted(p.own()), "unlisten " + channel, "unlisten *"}))
}

func (p *pair) write() step {
	table := fmt.Sprintf("public.leak_t%d", p.id)
	return pick(p.rand, []step{
		simple("write", "insert into "+table+" values (1), (2)"),
		params("write", "insert into "+table+" values ($1) returning i", "7"),
		simple("write", "delete from "+table),
		simple("write", "select count(*), sum(i) from "+table),
		params("write", "select count(*) from "+table+" where i > $1", "1"),
		simple("write", fmt.Sprintf("truncate public.leak_t%d", p.id)),
		copyIn(table, "3\n4\n"),
	})
}

// pieces are statements for pipelines and for queries of several statements.
// RESET of a setting that the session was opened with is left out: wye gives
// back the client's value when the request is over, which a later statement of
// the same request would see (testdata/wire/startup_reset_defaults.txt).
func (p *pair) pieces() []string {
	var out []string
	for range 2 + p.rand.IntN(4) {
		name := pick(p.rand, settings).name
		out = append(out, pick(p.rand, []string{
			p.setWithin(), p.setWithin(), p.resetWithin(),
			"select current_setting(" + quoted(name) + ", true)", "select " + quoted(p.own()),
			"begin", "commit", "rollback", "savepoint s1", "rollback to s1",
			"select 1/0", fmt.Sprintf("insert into public.leak_t%d values (5)", p.id),
			"select count(*) from tmp1", "create temp table tmp2 (t text)", "deallocate all", "set local work_mem = '6MB'",
		}))
	}
	return out
}

func (p *pair) setWithin() string {
	for {
		s := pick(p.rand, settings)
		if sql := p.setSQLOf(s); !strings.HasSuffix(sql, "default") || !p.opensWith(s.name) {
			return sql
		}
	}
}

func (p *pair) resetWithin() string {
	for {
		if name := pick(p.rand, settings).name; !p.opensWith(name) {
			return "reset " + name
		}
	}
}

func (p *pair) opensWith(name string) bool {
	_, given := p.startup[name]
	return given || strings.Contains(p.startup["options"], name)
}

func (p *pair) pipe() step {
	list := p.pieces()
	if p.rand.IntN(2) == 0 {
		at := p.rand.IntN(len(list))
		list = append(list[:at], append([]string{"sync"}, list[at:]...)...)
	}
	return pipeline(list)
}

func (p *pair) several() step { return simple("several", strings.Join(p.pieces(), "; ")) }
