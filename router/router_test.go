package router

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// TestMisrouted: what a replica refused once goes to the primary from then
// on, whatever its literals, also when its Statement was dropped meanwhile.
func TestMisrouted(t *testing.T) {
	r, reader := newTestRouter(t)
	read := func(sql string) *Verdict { return r.Verdict(reader.Read([]byte(sql))) }
	const sql, alike, other = "select full_name(u) from users u where id = 1", "select full_name(u) from users u where id = 2", "select 1"
	if !read(sql).ReadOnly || !read(other).ReadOnly {
		t.Fatal("no reads to begin with")
	}
	r.Misrouted(reader.Read([]byte(sql)), "25006")
	r.Misrouted(reader.Read([]byte(alike)), "25006")
	fresh := sqlparse.NewReader(1 << 20)
	defer fresh.Close()
	for _, v := range []*Verdict{read(sql), read(alike), r.Verdict(fresh.Read([]byte(sql)))} {
		if v.ReadOnly || v.Why != "a replica refused it with 25006" {
			t.Errorf("%+v", v)
		}
	}
	if !read(other).ReadOnly {
		t.Error("another shape suffers")
	}
	want := Misroute{Text: "select full_name(u) from users u where id = ?", Code: "25006", Why: "reads only: tables users", Count: 2}
	if got := r.Misroutes(); len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	r.Use(r.known.Load().snapshot)
	if read(sql).ReadOnly {
		t.Error("a new snapshot made it a read again")
	}
	for i := range 2 * maxMisroutes {
		r.Misrouted(reader.Read(fmt.Appendf(nil, "select 1 as a%d", i)), "25006")
	}
	if n := len(r.Misroutes()); n != maxMisroutes {
		t.Errorf("the list has grown to %d", n)
	}
}

// TestSnapshots: a verdict holds for the snapshot it was made with, and for
// one router only.
func TestSnapshots(t *testing.T) {
	r, reader := newTestRouter(t)
	other := New(reader.Read)
	st := reader.Read([]byte("select * from users"))
	for range 3 {
		if !r.Verdict(st).ReadOnly || other.Verdict(st).ReadOnly {
			t.Fatal("two routers' verdicts are mixed up")
		}
	}
	if a, b := r.Verdict(st), r.Verdict(st); a != b {
		t.Error("judged twice")
	}
	r.Use(nil)
	if v := r.Verdict(st); v.ReadOnly || v.Why != "relation users is not known" {
		t.Errorf("%+v", v)
	}
	for range 3 * maxMemos {
		New(reader.Read).Verdict(st)
	}
	n := 0
	for m := st.Memo().(*memo); m != nil; m = m.next {
		n++
	}
	if n > maxMemos {
		t.Errorf("%d memos", n)
	}
}

// TestImplied: nothing is a read where an implicit cast or an operator class
// may call what is not.
func TestImplied(t *testing.T) {
	_, reader := newTestRouter(t)
	text, err := plantest.Read("schema.catalog")
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{
		strings.Replace(text, "public.celsius\te\t", "public.celsius\ti\t", 1),
		strings.Replace(text, "result 12\n", "public.note_op(integer,integer)\nresult 12\n", 1),
	} {
		snapshot, err := catalog.Build(plantest.Parse(more))
		if err != nil {
			t.Fatal(err)
		}
		r := New(reader.Read)
		r.Use(snapshot)
		if v := r.Verdict(reader.Read([]byte("select 1"))); v.ReadOnly || more == text {
			t.Errorf("%+v", v)
		}
	}
}

// TestRouteIsTotal: every statement under every set of facts has a plan, and
// no write in disguise has one that leads to a replica, unless somebody
// vouched for it or configured it.
func TestRouteIsTotal(t *testing.T) {
	r, reader := newTestRouter(t)
	for _, sql := range statements(t, "disguises.sql", 300) {
		st := reader.Read([]byte(sql))
		for bits := range 1 << 10 {
			on := func(n int) bool { return bits>>n&1 == 1 }
			f := Facts{
				ReadsPrimary: on(0), InTx: on(1), Started: on(2), ReadOnlyTx: on(3), Serializable: on(4), Split: on(5),
				DefaultReadOnly: on(6), Pinned: on(7), TempObjects: on(8), Role: []string{"", "replica"}[bits>>9],
			}
			p := r.Route(st, f)
			if p == nil || p.String() == "" {
				t.Fatalf("%s\n%+v: no plan", sql, f)
			}
			d, ok := p.(*plan.Direct)
			if ok && d.Role == plan.Replica && !opens[st.Kind()] {
				t.Fatalf("%s\n%+v\n%s", sql, f, p)
			}
		}
	}
}

func TestNoAllocations(t *testing.T) {
	r, reader := newTestRouter(t)
	for _, sql := range []string{"select * from users where id = 1", "insert into log (msg) values ('x')", "begin", "begin read only"} {
		st := reader.Read([]byte(sql))
		r.Route(st, Facts{})
		if n := testing.AllocsPerRun(100, func() { r.Route(st, Facts{}) }); n > 0 {
			t.Errorf("%s: %v allocations", sql, n)
		}
	}
}

var benchmarks = []struct{ name, sql string }{
	{"select", "SELECT abalance FROM pgbench_accounts WHERE aid = 1"},
	{"update", "UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1"},
	{"begin", "BEGIN"},
	{"join", "select u.name, sum(o.total) from users u join orders o on o.user_id = u.id where o.placed_at > now() group by 1"},
}

func BenchmarkVerdict(b *testing.B) {
	r, reader := newTestRouter(b)
	for _, c := range benchmarks {
		st := reader.Read([]byte(c.sql))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Verdict(st)
			}
		})
	}
}

// BenchmarkRoute is all that routing a repeated shape costs: to find its
// Statement, and to decide.
func BenchmarkRoute(b *testing.B) {
	r, reader := newTestRouter(b)
	for _, c := range benchmarks {
		sql := []byte(c.sql)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Route(reader.Read(sql), Facts{})
			}
		})
	}
}

// BenchmarkJudge is a first verdict, the objects behind it being known.
func BenchmarkJudge(b *testing.B) {
	r, reader := newTestRouter(b)
	for _, c := range benchmarks {
		st := reader.Read([]byte(c.sql))
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.known.Load().verdict(st)
			}
		})
	}
}

// TestConcurrent: verdicts, misroutes and new snapshots at once.
func TestConcurrent(t *testing.T) {
	r, reader := newTestRouter(t)
	all := statements(t, "reads.sql", 200)
	snapshot := r.known.Load().snapshot
	var done sync.WaitGroup
	for n := range 4 {
		done.Go(func() {
			for i := range all {
				st := reader.Read([]byte(all[(i+n*50)%len(all)]))
				if v := r.Verdict(st); v.Why == "" {
					t.Error("a verdict without a reason")
				}
				switch {
				case n == 0 && i%20 == 0:
					r.Use(snapshot)
				case n == 1 && i%50 == 0:
					r.Misrouted(st, "25006")
				}
			}
		})
	}
	done.Wait()
	if n := len(r.Misroutes()); n == 0 {
		t.Error("no misroutes")
	}
}
