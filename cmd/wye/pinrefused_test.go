package main

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// pinning are statements that need a server conn for themselves, by the word
// in the refusal.
var pinning = map[string]string{
	"listen ch":                                "listen",
	"create temp table tt (i int)":             "temp_object",
	"create temporary sequence ts":             "temp_object",
	"select 1 into temp tt":                    "temp_object",
	"create table pg_temp.tt (i int)":          "temp_object",
	"select pg_advisory_lock(1)":               "advisory_lock",
	"select pg_try_advisory_lock_shared(1, 2)": "advisory_lock",
	"prepare p as select 1":                    "sql_prepare",
	"declare c cursor with hold for select 1":  "hold_cursor",
	"load 'auto_explain'":                      "load",
	"select setseed(0.1)":                      "setseed",
	"set session authorization app":            "session_authorization",
	"select 1; listen ch":                      "listen",
}

func TestPinRefused(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1, pin: error}"))
	conn := connect(t, dsn(addr))
	check := func(t *testing.T, sql, word string, err error) {
		t.Helper()
		e := wantError(t, err, "0A000")
		if e.Severity != "ERROR" || !strings.Contains(e.Message, word) || !strings.Contains(e.Hint, "pin: allow") {
			t.Errorf("%s: got %+v", sql, e)
		}
	}
	for sql, word := range pinning {
		t.Run(word, func(t *testing.T) {
			_, err := run(conn, sql)
			check(t, sql, word, err)
			must(t, conn, "select 1")
			if strings.Contains(sql, ";") {
				return
			}
			err = conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read().Err
			check(t, sql, word, err)
			_, err = conn.Prepare(t.Context(), "named", sql, nil)
			check(t, sql, word, err)
			must(t, conn, "select 1")

			must(t, conn, "begin")
			_, err = run(conn, sql)
			check(t, sql, word, err)
			if conn.TxStatus() != 'E' {
				t.Errorf("%s: status %c after a refusal in a transaction", sql, conn.TxStatus())
			}
			fails(t, conn, "select 1", "25P02")
			must(t, conn, "rollback")

			must(t, conn, "begin")
			err = conn.ExecParams(t.Context(), sql, nil, nil, nil, nil).Read().Err
			check(t, sql, word, err)
			fails(t, conn, "select 1", "25P02")
			must(t, conn, "rollback")
		})
	}
	// These pin because of what was before them.
	must(t, conn, "create sequence if not exists pin_sequence")
	for _, sql := range []string{"select nextval('pin_sequence'), currval('pin_sequence')", "select lastval()"} {
		check(t, sql, "sequence_value", second(run(conn, sql)))
	}
	if _, err := conn.Prepare(t.Context(), "protocol", "select 4", nil); err != nil {
		t.Fatal(err)
	}
	check(t, "execute", "sql_prepare", second(run(conn, "execute protocol")))
	must(t, conn, "deallocate protocol")
	must(t, conn, "drop sequence pin_sequence")

	// What ends with the transaction, or pins nothing, is let through.
	must(t, conn, "begin; select 1")
	must(t, conn, "create sequence pin_inside; select nextval('pin_inside')")
	if got := must(t, conn, "select currval('pin_inside')"); got != "1" {
		t.Errorf("currval() in a transaction gives %s", got)
	}
	must(t, conn, "rollback")
	for _, sql := range []string{
		"begin; create temp table tt (i int) on commit drop; commit", "select pg_advisory_xact_lock(1)",
		"notify ch", "begin; declare c cursor for select 1; commit", "set work_mem = '5MB'", "unlisten *",
	} {
		must(t, conn, sql)
	}
	if got := asSuperuser(t, shared(t), "select count(*) from pg_locks where locktype = 'advisory'"); got != "0" {
		t.Errorf("%s advisory locks", got)
	}
}

func second(_ [][]string, err error) error { return err }

// TestPinRefusedInPipeline: what stands before the refused statement in the
// same batch is rolled back, what stands behind it is skipped, and the next
// batch is served.
func TestPinRefusedInPipeline(t *testing.T) {
	_, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1, pin: error}"))
	conn := connect(t, dsn(addr))
	must(t, conn, "create table if not exists pin_pipeline (i int)")
	p := conn.StartPipeline(t.Context())
	p.SendQueryParams("insert into pin_pipeline values (1)", nil, nil, nil, nil)
	p.SendQueryParams("listen ch", nil, nil, nil, nil)
	p.SendQueryParams("insert into pin_pipeline values (2)", nil, nil, nil, nil)
	p.SendPipelineSync()
	p.SendQueryParams("insert into pin_pipeline values (3)", nil, nil, nil, nil)
	p.SendPipelineSync()
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		r, err := p.GetResults()
		if err != nil {
			got = append(got, wantError(t, err, "0A000").Code)
			continue
		}
		switch r := r.(type) {
		case *pgconn.ResultReader:
			tag, err := r.Close()
			if err != nil {
				got = append(got, wantError(t, err, "0A000").Code)
			} else {
				got = append(got, tag.String())
			}
		case *pgconn.PipelineSync:
			got = append(got, "sync")
		case nil:
			got = append(got, "end")
		}
		if r == nil {
			break
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if want := "INSERT 0 1,0A000,sync,INSERT 0 1,sync,end"; strings.Join(got, ",") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if rows := must(t, conn, "select string_agg(i::text, ',') from pin_pipeline"); rows != "3" {
		t.Errorf("rows %s, want 3", rows)
	}
	must(t, conn, "drop table pin_pipeline")
}
