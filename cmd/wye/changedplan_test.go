package main

import (
	"testing"

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
