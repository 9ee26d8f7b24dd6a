package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// TestChangedPlan: a statement whose columns a client was told, and which has
// others now, is refused as by PostgreSQL, to the name of the routine: asyncpg
// and pgjdbc go by that name and prepare anew.
func TestChangedPlan(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	other := connect(t, dsn(addr))
	must(t, other, "create table changed_plan (a int)")
	t.Cleanup(func() { must(t, connect(t, dsn(addr)), "drop table changed_plan") })
	c := hijack(t, dsn(addr))
	c.Send(&pgproto3.Parse{Name: "s", Query: "select * from changed_plan"})
	c.Send(&pgproto3.Describe{ObjectType: 'S', Name: "s"})
	c.Send(&pgproto3.Sync{})
	c.expect("1 t T Z")
	must(t, other, "alter table changed_plan add b int")
	for _, taken := range []bool{false, true} {
		if taken { // a conn, so that the client may get one that it has not had
			must(t, other, "begin")
			must(t, other, "select 1")
		}
		c.Send(&pgproto3.Bind{PreparedStatement: "s"})
		c.Send(&pgproto3.Execute{})
		c.Send(&pgproto3.Sync{})
		c.expect("E Z")
		if e := c.err; e.Code != "0A000" || e.Routine != "RevalidateCachedQuery" || e.Message != "cached plan must not change result type" {
			t.Errorf("conn taken %v: %+v", taken, e)
		}
	}
	must(t, other, "rollback")
}

// TestChangedPlanOnce: one error is all that a client sees. What it prepares
// anew is never a statement that some server conn still has with the columns
// of before, and a client that comes after an ALTER TABLE sees no error at all.
func TestChangedPlanOnce(t *testing.T) {
	for _, c := range []struct {
		name  string
		aside bool // the table is altered behind wye's back
		fresh bool // a client that has never prepared the statement
	}{
		{name: "prepared again", aside: true},
		{name: "another client", fresh: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := shared(t)
			_, addr := startProxy(t, server, wyeConfig("pool: {size: 2}"))
			one, two := connect(t, dsn(addr)), connect(t, dsn(addr))
			alter := one
			if c.aside {
				alter = connect(t, server.Primary.URL("app", server.Database))
			}
			must(t, one, "create table changed_plan (a int)")
			t.Cleanup(func() { must(t, connect(t, server.Primary.URL("app", server.Database)), "drop table changed_plan") })
			must(t, one, "begin")
			pids := map[*pgconn.PgConn]string{one: must(t, one, "select pg_backend_pid()")}
			must(t, two, "begin")
			pids[two] = must(t, two, "select pg_backend_pid()")

			// The statement is prepared on two's server conn and not on one's.
			must(t, two, "rollback")
			first := hijack(t, dsn(addr))
			first.prepare("select * from changed_plan")
			must(t, one, "rollback")
			must(t, alter, "alter table changed_plan add b int")

			// only leaves the server conn pid to others.
			only := func(pid string) {
				t.Helper()
				for _, c := range []*pgconn.PgConn{one, two} {
					must(t, c, "begin")
				}
				must(t, one, "select 1")
				must(t, two, "select 1")
				for _, c := range []*pgconn.PgConn{one, two} {
					if must(t, c, "select pg_backend_pid()") == pid {
						must(t, c, "rollback")
					}
				}
			}
			if !c.fresh {
				only(pids[one])
				first.run("E Z")
				must(t, one, "rollback")
				must(t, two, "rollback")
			}
			only(pids[two])
			again := first
			if c.fresh {
				again = hijack(t, dsn(addr))
			} else {
				again.Send(&pgproto3.Close{ObjectType: 'S', Name: "s"})
				again.Send(&pgproto3.Sync{})
				again.expect("3 Z")
			}
			again.prepare("select * from changed_plan")
			again.run("2 C Z")
		})
	}
}

// prepare has sql prepared as s, and described.
func (c *rawClient) prepare(sql string) {
	c.t.Helper()
	c.prepareAfter("", sql)
}

// prepareAfter does so behind messages that have the answers before.
func (c *rawClient) prepareAfter(before, sql string) {
	c.t.Helper()
	c.Send(&pgproto3.Parse{Name: "s", Query: sql})
	c.Send(&pgproto3.Describe{ObjectType: 'S', Name: "s"})
	c.Send(&pgproto3.Sync{})
	c.expect(strings.TrimSpace(before + " 1 t T Z"))
}

// run executes s.
func (c *rawClient) run(answer string) {
	c.t.Helper()
	c.Send(&pgproto3.Bind{PreparedStatement: "s"})
	c.Send(&pgproto3.Execute{})
	c.Send(&pgproto3.Sync{})
	c.expect(answer)
}

// TestChangedPlanInside: a transaction that alters a table prepares a text
// anew that its server conn already has, and what it prepared is no one's
// when it is rolled back.
func TestChangedPlanInside(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	c := hijack(t, dsn(addr))
	query := func(sql, answer string) {
		t.Helper()
		c.Send(&pgproto3.Query{String: sql})
		c.expect(answer)
	}
	again := func() {
		t.Helper()
		c.Send(&pgproto3.Close{ObjectType: 'S', Name: "s"})
		c.prepareAfter("3", "select * from changed_plan")
		c.run("2 C Z")
	}
	query("create table changed_plan (a int)", "C Z")
	t.Cleanup(func() { must(t, connect(t, dsn(addr)), "drop table changed_plan") })
	c.prepare("select * from changed_plan")
	query("begin", "C Z")
	query("alter table changed_plan add b int", "C Z")
	again()
	query("rollback", "C Z")
	again()
}
