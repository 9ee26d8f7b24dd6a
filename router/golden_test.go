package router

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// newTestRouter knows schema.catalog.
func newTestRouter(t testing.TB) (*Router, *sqlparse.Reader) {
	t.Helper()
	reader := sqlparse.NewReader(8 << 20)
	t.Cleanup(reader.Close)
	text, err := plantest.Read("schema.catalog")
	if err != nil {
		t.Fatal(err)
	}
	snapshot, err := catalog.Build(plantest.Parse(text))
	if err != nil {
		t.Fatal(err)
	}
	r := New(reader.Read)
	r.Use(snapshot)
	return r, reader
}

// TestGolden reads the *.txt of testdata/plan: a line "route" with session
// facts, SQL, a line "----", and the plan as it prints. Instead of "route" a
// case may say "verdict", which prints all that is known of the statement.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(plantest.Dir(), "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	r, reader := newTestRouter(t)
	plantest.Golden(t, file, func(options, sql string) string {
		return answer(t, r, reader.Read([]byte(sql)), options)
	})
}

func answer(t *testing.T, r *Router, st *sqlparse.Statement, options string) string {
	words := strings.Fields(options)
	switch {
	case len(words) == 0:
		t.Fatal("a case without options")
	case words[0] == "verdict":
		return printVerdict(r.Verdict(st))
	}
	var f Facts
	flags := map[string]*bool{
		"reads-primary": &f.ReadsPrimary, "in-tx": &f.InTx, "started": &f.Started, "on-replica": &f.OnReplica, "read-only-tx": &f.ReadOnlyTx,
		"serializable": &f.Serializable, "split": &f.Split, "default-read-only": &f.DefaultReadOnly, "pinned": &f.Pinned, "temp": &f.TempObjects,
	}
	for _, w := range words[1:] {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case flags[name] != nil:
			*flags[name] = true
		case name == "role":
			f.Role = value
		case w == "route=primary":
			f.Route = RoutePrimary
		case w == "route=replica":
			f.Route = RouteReplica
		default:
			t.Fatalf("unknown option %q", w)
		}
	}
	return r.Route(st, f).String()
}

func printVerdict(v *Verdict) string {
	s := v.Why
	add := func(on bool, text string) {
		if on {
			s += "\n" + text
		}
	}
	add(v.ReadOnly, "read only")
	add(v.PerTransaction && v.ReadOnly, "per transaction")
	add(v.TablesAny && v.ReadOnly, "reads any table")
	add(len(v.Tables) > 0 && v.ReadOnly, "reads "+strings.Join(v.Tables, ", "))
	add(v.ReadOnly && v.Unkept == "", "may be kept")
	add(v.ReadOnly && v.Unkept != "", "not to be kept: "+v.Unkept)
	add(v.Changes, "changes")
	add(len(v.Writes) > 0, "writes "+strings.Join(v.Writes, ", "))
	add(v.WritesAll, "writes anything")
	add(v.DDL, "ddl")
	add(v.Acts, "acts on one server")
	add(v.Hint != sqlparse.Hint{}, "hint "+v.Hint.String())
	add(v.Mode != sqlparse.TxMode{}, fmt.Sprintf("mode %+v", v.Mode))
	return s
}
