package leakcheck

import (
	"context"
	"flag"
	"testing"

	"github.com/wyeproxy/wye/internal/testpg"
)

var steps = flag.Int("leakcheck.steps", 3000, "steps of the comparison of PostgreSQL with itself")

const sessions = 8

func server(t *testing.T) string {
	t.Helper()
	c := testpg.Start(t, testpg.Options{Name: "leak"})
	if err := Prepare(t.Context(), c.Primary.SuperuserURL("postgres"), 24); err != nil {
		t.Fatal(err)
	}
	return c.Primary.Addr()
}

// Two private sessions never differ; if they do, the steps are at fault.
func TestPostgreSQLAgainstItself(t *testing.T) {
	addr := server(t)
	r, err := Run(t.Context(), Options{Pooled: URL(addr, Pooled), Private: URL(addr, Private), Steps: *steps, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	t.Log(r.Kinds)
	for _, d := range r.Differences {
		t.Error(d)
	}
	if r.Steps < *steps {
		t.Errorf("%d steps were done", r.Steps)
	}
}

// Each kind of state, put into the pooled session behind its back, is seen.
func TestLeaksAreSeen(t *testing.T) {
	addr := server(t)
	for _, leak := range []string{
		"set work_mem = '77MB'", "set leak.custom = 'leaked'", "set search_path = leaked", "set role leak_other",
		"set default_transaction_isolation = 'repeatable read'; set idle_in_transaction_session_timeout = '77min'",
		"create temp table leaked (i int)", "declare leaked cursor with hold for select 1", "prepare leaked as select 1",
		"listen leaked", "select pg_advisory_lock(777777)", "begin", "select set_config('timezone', 'Asia/Baku', false)",
	} {
		t.Run(leak, func(t *testing.T) {
			r, err := Run(t.Context(), Options{
				Pooled: URL(addr, Pooled), Private: URL(addr, Private), Sessions: sessions, Steps: 640, Seed: 2,
				sabotage: func(p *pair, step int) {
					if step%20 == 3 && p.private.conn.TxStatus() == 'I' {
						p.pooled.conn.Exec(context.Background(), leak).ReadAll()
					}
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Differences) == 0 {
				t.Errorf("%d steps and nothing was seen", r.Steps)
			}
		})
	}
}

// The same seed chooses the same steps.
func TestStepsAreReproducible(t *testing.T) {
	addr := server(t)
	run := func() map[string]int {
		r, err := Run(t.Context(), Options{Pooled: URL(addr, Pooled), Private: URL(addr, Private), Sessions: 1, Steps: 150, Seed: 3})
		if err != nil || len(r.Differences) > 0 {
			t.Fatal(err, r.Differences)
		}
		return r.Kinds
	}
	first, second := run(), run()
	for kind, n := range first {
		if second[kind] != n {
			t.Errorf("%s: %d, then %d", kind, n, second[kind])
		}
	}
}
