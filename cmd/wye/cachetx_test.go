package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestCacheInTransactions: reads in transactions come from memory where that
// is what the server would have said, and from the server everywhere else. The
// row that is kept is not the server's any more, so each answer tells whose it
// is.
func TestCacheInTransactions(t *testing.T) {
	t.Parallel()
	_, conn, behind := cacheRig(t, 0, `cache: {transactions: read_committed, rules: {hot: {tables: [hot, hot_view], ttl: 1h}}}`)
	one, memory, server := "select v from hot where id = 1", "kept", "changed"
	params := "select v from hot where id = $1"
	behind("update hot set v = 'kept' where id = 1")
	if must(t, conn, one) != memory || extended(t, conn, "", params, "1") != memory {
		t.Fatal("the wrong row")
	}
	behind("update hot set v = 'changed' where id = 1")
	if got := must(t, conn, "show default_transaction_isolation"); got != "read committed" {
		t.Errorf("clients begin with %q", got)
	}
	for _, tt := range []struct{ before, want string }{
		{"", memory},
		{"begin", memory},
		{"begin; set transaction read only", memory},
		{"begin isolation level read uncommitted", memory},
		{"begin; select v from cold where id = 1", memory}, // and a server has the transaction
		{"begin; select 1; select v from cold", memory},
		{"begin isolation level repeatable read", server},
		{"begin isolation level repeatable read; select v from cold", server},
		{"begin; set transaction isolation level serializable", server},
		{"begin; set transaction_isolation = 'repeatable read'", server},
		{"begin; select v from cold; set local search_path = public", server},
		{"begin; set local search_path = public", server},
		{"begin; set local wye.role = 'primary'", server},
		{"begin; insert into cold values (100, 'x')", server},
		{"begin; select v from cold for share", server},
		{"begin; lock table hot in share mode", server},
		{"begin; select pg_advisory_xact_lock(1)", server},
		{"begin; savepoint a", server},
		{"begin; select 1; declare c cursor for select 1", server},
		{"set default_transaction_isolation = 'repeatable read'; begin", server},
		{"set session characteristics as transaction isolation level serializable; begin", server},
		{"select set_config('default_transaction_isolation', 'serializable', false); begin", server},
	} {
		for _, ask := range []func() string{func() string { return must(t, conn, one) }, func() string { return extended(t, conn, "", params, "1") }} {
			for part := range strings.SplitSeq(tt.before, "; ") {
				if part != "" {
					must(t, conn, part)
				}
			}
			status := conn.TxStatus()
			if got := ask(); got != tt.want || conn.TxStatus() != status {
				t.Errorf("after %q: got %q, want %q; status %c, then %c", tt.before, got, tt.want, status, conn.TxStatus())
			}
			if status == 'T' {
				must(t, conn, "rollback")
			}
			must(t, conn, "reset default_transaction_isolation")
		}
	}
	for _, late := range []string{"set transaction isolation level serializable", "set transaction_isolation = 'repeatable read'"} {
		for _, extended := range []bool{false, true} {
			must(t, conn, "begin")
			if got := must(t, conn, one); got != memory {
				t.Errorf("got %q", got)
			}
			if extended {
				var refused *pgconn.PgError
				if err := conn.ExecParams(soon(t, generous), late, nil, nil, nil, nil).Read().Err; !errors.As(err, &refused) || refused.Code != "25001" {
					t.Errorf("%s after a query: %v", late, err)
				}
			} else {
				fails(t, conn, late, "25001")
			}
			fails(t, conn, one, "25P02")
			must(t, conn, "rollback")
		}
	}
	must(t, conn, "begin")
	must(t, conn, one)
	must(t, conn, "set transaction read only")
	fails(t, conn, "insert into cold values (300, 'x')", "25006")
	must(t, conn, "rollback")
	must(t, conn, "begin")
	fails(t, conn, "select 1/0", "22012")
	fails(t, conn, one, "25P02")
	must(t, conn, "rollback")
}

// TestFilledInTransactions: what a transaction that only reads was answered is
// kept for others; after a write it is not, nor does a client that wants
// another level find it.
func TestFilledInTransactions(t *testing.T) {
	t.Parallel()
	rig, conn, behind := cacheRig(t, 0, `cache: {transactions: read_committed, rules: {hot: {tables: [hot], ttl: 1h}}}`)
	behind("insert into hot select i, 'first' from generate_series(10, 40) i")
	row := func(id int) string { return fmt.Sprintf("select v from hot where id = %d", id) }
	must(t, conn, "begin")
	must(t, conn, row(10))
	must(t, conn, row(11))
	must(t, conn, "insert into cold values (200, 'x')")
	must(t, conn, row(12))
	must(t, conn, "rollback")
	must(t, conn, "begin isolation level repeatable read")
	must(t, conn, row(13))
	must(t, conn, "commit")
	behind("update hot set v = 'second' where id >= 10")
	for id, want := range map[int]string{10: "first", 11: "first", 12: "second", 13: "second"} {
		if got := must(t, conn, row(id)); got != want {
			t.Errorf("row %d: %q, want %q", id, got, want)
		}
	}
	must(t, conn, "update hot set v = 'third' where id >= 10")
	must(t, conn, "begin")
	if got := must(t, conn, row(10)); got != "third" {
		t.Errorf("after a write through wye: %q", got)
	}
	must(t, conn, "update hot set v = 'mine' where id = 10")
	if got := must(t, conn, row(10)); got != "mine" {
		t.Errorf("its own write: %q", got)
	}
	must(t, conn, "commit")
	if got := must(t, conn, row(10)); got != "mine" {
		t.Errorf("after its commit: %q", got)
	}
	behind("alter role app set default_transaction_isolation = serializable; update hot set v = 'last' where id = 10")
	strict := connect(t, rig.url+" default_transaction_isolation='repeatable read'")
	must(t, strict, "begin")
	if got := must(t, strict, row(10)); got != "last" {
		t.Errorf("a client that wants repeatable reads: %q", got)
	}
	other := connect(t, rig.url)
	must(t, other, "begin")
	if got := must(t, other, row(10)) + must(t, other, "show transaction_isolation"); got != "mineread committed" {
		t.Errorf("a role with another default: %q", got)
	}
}
