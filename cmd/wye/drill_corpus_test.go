package main

import (
	"testing"

	"github.com/wyeproxy/wye/internal/drill"
	"github.com/wyeproxy/wye/internal/plantest"
)

// corpus reads one of testdata/plan's lists of statements, each a session of
// its own; every nth of them unless WYE_DRILL_CORPUS asks for all.
func corpus(t *testing.T, name string, nth int) (scripts []drill.Script) {
	t.Helper()
	all, err := plantest.Statements(name)
	if err != nil {
		t.Fatal(err)
	}
	if figures("WYE_DRILL_CORPUS") {
		nth = 1
	}
	for i := 0; i < len(all); i += nth {
		scripts = append(scripts, drill.Script{all[i]})
	}
	return scripts
}

// TestDrillCorpora: each server's own log says what it was given. The lists
// are those that the router is tested with, through a whole wye.
func TestDrillCorpora(t *testing.T) {
	t.Parallel()
	rig, ctx := startDrill(t, 2, ""), drillTime(t)
	schema, err := plantest.Read("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	grants := "; grant all on all tables in schema public, app to public; grant usage on schema app to public; grant create on schema public to public"
	if err := rig.Primary.Exec(ctx, schema+grants); err != nil {
		t.Fatal(err)
	}
	for _, r := range rig.Replicas {
		if err := r.WaitCaughtUp(ctx, rig.Primary); err != nil {
			t.Fatal(err)
		}
	}
	waitForReaders(t, rig, "select * from pgbench_accounts")
	disguises, reads := corpus(t, "disguises.sql", 10), corpus(t, "reads.sql", 4)
	for _, extended := range []bool{false, true} {
		c := drill.Corpus{URL: rig.url, Extended: extended, Primary: rig.Primary, Replicas: rig.Replicas}
		c.Scripts = disguises
		writes, err := c.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d writes in disguise: %v", len(disguises), writes)
		for _, p := range append(writes.OnReplicas(), writes.With(drill.ReadOnly)...) {
			t.Error(p)
		}
		c.Scripts = reads
		plain, err := c.Run(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d plain reads: %v", len(reads), plain)
		if plain.Share() < 0.95 {
			t.Errorf("%v", plain.Statements)
		}
	}
}
