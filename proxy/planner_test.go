package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

const testPath = `"$user", public`

// testPlanner plans for pgbench's table on two shards.
func testPlanner(t testing.TB) (*planner, *sqlparse.Reader) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(plantest.Dir(), "shards", "schema.catalog"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(plantest.Parse(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	places, problems := shards.New(shards.Spec{
		Shards: []shards.Shard{{Name: "s0"}, {Name: "s1"}},
		Groups: []shards.Group{{Name: "g", Kind: shards.ConsistentHash, Types: []shardfunc.Type{shardfunc.Int8}}},
		Tables: []shards.TableSpec{{Name: "pgbench_accounts", Group: "g", Keys: []string{"aid"}}},
	})
	if places == nil {
		t.Fatal(problems)
	}
	sh := &sharded{peers: make([]*cluster, 2)}
	sh.places.Store(places)
	p := newPlanner(sh)
	p.use(snapshot)
	p.checked.Store(uint64(shards.All(2)))
	r := sqlparse.NewReader(1 << 20)
	t.Cleanup(r.Close)
	return p, r
}

// TestRouteByShape: what is routed without an analysis goes where an analysis
// of its own sends it, and a new catalog forgets it.
func TestRouteByShape(t *testing.T) {
	p, r := testPlanner(t)
	text := func(i int) []byte {
		return fmt.Appendf(nil, "SELECT abalance FROM pgbench_accounts WHERE aid = %d", i)
	}
	route := func(sql []byte) (plan.Plan, bool) { return p.Route(r.Read(sql), sql, testPath, "app", plan.Replica) }
	if _, ok := route(text(1)); ok {
		t.Fatal("routed before anything was analyzed")
	}
	p.Analyze(r.Read(text(1)), text(1), testPath, "app", false)
	seen := map[int]bool{}
	for i := range 100 {
		got, ok := route(text(i))
		want := p.Analyze(r.Read(text(i)), text(i), testPath, "app", false).Plan(nil, session.PlanOptions{Role: plan.Replica})
		if !ok || got != want {
			t.Fatalf("%s: %v %v, want %v", text(i), got, ok, want)
		}
		seen[got.(*plan.Direct).Shard] = true
	}
	if len(seen) != 2 {
		t.Errorf("all on one shard: %v", seen)
	}
	sql := text(1)
	if _, ok := p.Route(r.Read(sql), sql, "other", "", plan.Primary); ok {
		t.Error("routed under another search_path")
	}
	p.Analyze(sqlparse.Opaque(), sql, testPath, "app", false)
	if _, ok := p.Route(sqlparse.Opaque(), sql, testPath, "app", plan.Primary); ok {
		t.Error("routed what nobody could read")
	}
	p.forget()
	if _, ok := route(sql); ok {
		t.Error("routed by a catalog that is not there any more")
	}
}

// TestPlanByTemplate: the third text of a shape is planned without an
// analysis, as an analysis would, and the servers are not asked again what it
// is.
func TestPlanByTemplate(t *testing.T) {
	p, r := testPlanner(t)
	text := func(i int) []byte {
		return fmt.Appendf(nil, "SELECT bid, count(*) FROM pgbench_accounts WHERE abalance > %d GROUP BY 1", i)
	}
	analyze := func(sql []byte, path string) session.Analysis { return p.Analyze(r.Read(sql), sql, path, "app", false) }
	first, second := analyze(text(1), testPath), analyze(text(2), testPath)
	if one, _ := p.now.Load().shapes.get(shapeKey{r.Read(text(1)), testPath, "app"}); one.template == nil {
		t.Fatal("no template")
	}
	third := analyze(text(3), testPath)
	if first.Memo() == third.Memo() || second.Memo() != third.Memo() {
		t.Error("the second and the third text have one memo, the first its own")
	}
	if analyze(text(3), testPath) != third {
		t.Error("a text that came before is planned again")
	}
	if analyze(text(3), "other").Memo() == third.Memo() {
		t.Error("planned under another search_path")
	}
	if p.Analyze(r.Read(text(4)), text(4), testPath, "app", true).Memo() == third.Memo() {
		t.Error("planned for text in another encoding")
	}
	want := p.now.Load().planner.Analyze(string(text(3)), []string{"app", "public"}).Plan(nil, session.PlanOptions{})
	if got := third.Plan(nil, session.PlanOptions{}); got.String() != want.String() {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestShapesAreBounded: programs for ever new paths replace the old ones.
func TestShapesAreBounded(t *testing.T) {
	p, r := testPlanner(t)
	sql := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 1")
	read := r.Read(sql)
	p.Analyze(read, sql, testPath, "app", false)
	k := p.now.Load()
	d, _ := k.shapes.get(shapeKey{read, testPath, "app"})
	if d.direct == nil {
		t.Fatal("no program")
	}
	for i := range 3 * maxShapes {
		k.shapes.add(shapeKey{read, fmt.Sprint(i), ""}, d, len(sql))
		if len(k.shapes.known) > maxShapes {
			t.Fatalf("%d programs", len(k.shapes.known))
		}
	}
	k.shapes.add(shapeKey{read, "long", ""}, d, maxShapeText+1)
	if _, ok := k.shapes.get(shapeKey{read, "long", ""}); ok {
		t.Error("a long text is kept")
	}
}

// TestPlanningTakesNoMemory: what a sharded cluster adds to most statements.
func TestPlanningTakesNoMemory(t *testing.T) {
	p, r := testPlanner(t)
	for name, f := range planned(p, r) {
		if n := testing.AllocsPerRun(100, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func planned(p *planner, r *sqlparse.Reader) map[string]func() {
	literal := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 12345")
	parameter := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = $1")
	readLiteral, readParameter := r.Read(literal), r.Read(parameter)
	p.Analyze(readLiteral, literal, testPath, "app", false)
	args := []plan.Arg{{OID: 23, Format: 1, Value: []byte{0, 0, 48, 57}}}
	return map[string]func(){
		"literal": func() { p.Route(readLiteral, literal, testPath, "app", plan.Primary) },
		"parameter": func() {
			if _, ok := p.Route(readParameter, parameter, testPath, "app", plan.Primary); !ok {
				p.Analyze(readParameter, parameter, testPath, "app", false).Plan(args, session.PlanOptions{})
			}
		},
	}
}

// BenchmarkPlanning reports the thread's CPU, which a busy machine does not
// change as much as the time.
func BenchmarkPlanning(b *testing.B) {
	p, r := testPlanner(b)
	for name, f := range planned(p, r) {
		b.Run(name, func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			b.ReportAllocs()
			from := threadTime()
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(threadTime()-from)/float64(b.N), "cpu-ns/op")
		})
	}
}

func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	_ = syscall.Getrusage(thread, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
