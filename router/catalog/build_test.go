package catalog

import (
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
)

func TestBuildRefuses(t *testing.T) {
	if _, err := Build(nil); err == nil {
		t.Error("no results make a snapshot")
	}
	results := make([][][]*string, len(columns))
	if _, err := Build(results); err != nil {
		t.Errorf("an empty database: %v", err)
	}
	results[resultRelations] = [][]*string{{nil}}
	if _, err := Build(results); err == nil {
		t.Error("a row that is too short makes a snapshot")
	}
	for i, n := range columns { // NULL everywhere, and no object that it could be about
		results[i] = [][]*string{make([]*string, n)}
	}
	if _, err := Build(results); err != nil {
		t.Errorf("nulls: %v", err)
	}
}

func TestUnqualify(t *testing.T) {
	for text, want := range map[string][2]string{
		"integer": {"", "integer"}, "public.mood": {"public", "mood"}, `"A.b"."c""d"`: {"A.b", `c"d`}, "": {"", ""},
		`app."Mixed Case"`: {"app", "Mixed Case"}, "timestamp without time zone": {"", "timestamp without time zone"},
	} {
		if schema, name := Unqualify(text); schema != want[0] || name != want[1] {
			t.Errorf("%s: %q %q", text, schema, name)
		}
	}
}

// TestSnapshotNeverPardons: what the built-in list calls volatile stays so,
// whatever a server says; what a server calls volatile is.
func TestSnapshotNeverPardons(t *testing.T) {
	row := func(cells ...string) (r []*string) {
		for i := range cells {
			r = append(r, &cells[i])
		}
		return r
	}
	results := make([][][]*string, len(columns))
	results[resultBuiltins] = [][]*string{row("nextval", "i"), row("lower", "v"), row("brand_new", "s")}
	s, err := Build(results)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]Volatility{"nextval": Volatile, "lower": Volatile, "brand_new": Stable, "upper": Immutable} {
		if v, ok := s.Builtin(name); !ok || v != want {
			t.Errorf("%s is %v", name, v)
		}
	}
	for _, name := range []string{"pg_advisory_lock", "set_config", "dblink_exec", "lo_create", "nextval", "table_to_xml", "txid_current"} {
		if Silent(name) == "" {
			t.Errorf("%s is not listed", name)
		}
	}
}

// TestResolve: as the search_path says, with what Build made of each table.
func TestResolve(t *testing.T) {
	s := fixture(t)
	users, settings := s.Resolve([]string{"app", "public"}, "", "users"), s.Resolve([]string{"app"}, "", "settings")
	if users == nil || settings == nil || s.Resolve([]string{"app"}, "", "users") != nil || s.Resolve(nil, "app", "settings") != settings {
		t.Fatal(users, settings)
	}
	id, born := users.Column("id"), users.Column("born")
	if id == nil || id.TypeOID != 20 || !id.NotNull || !id.HasDefault() || born.Type != "date" || born.NotNull || born.HasDefault() || users.Column("none") != nil {
		t.Errorf("%+v %+v", id, born)
	}
	if name, key := users.Column("name"), settings.Unique; name.Collation != DefaultCollation || len(key) != 1 || !key[0].Primary || key[0].Columns[0] != "key" {
		t.Errorf("%+v %+v", name, key)
	}
	orders := s.Resolve([]string{"public"}, "", "orders")
	if f := orders.Foreign; len(f) != 1 || f[0].To != users || f[0].Columns[0] != "user_id" || f[0].At[0] != "id" {
		t.Errorf("%+v", f)
	}
	mood := s.TypeOID(users.Column("feeling").TypeOID)
	if mood == nil || mood.Name != "public.mood" || mood.Kind != 'e' || s.TypeNamed("public.mood") != mood {
		t.Errorf("%+v", mood)
	}
	for oid, want := range map[uint32]TypeOID{20: {20, "bigint", 1016, 'N', 'b', 0}, 25: {25, "text", 1009, 'S', 'b', 0}} {
		if got := (*Snapshot)(nil).TypeOID(oid); got == nil || *got != want || (*Snapshot)(nil).TypeNamed(want.Name) != got {
			t.Errorf("%d: %+v", oid, got)
		}
	}
}

// fixture is the snapshot of testdata/plan.
func fixture(t *testing.T) *Snapshot {
	t.Helper()
	text, err := plantest.Read("schema.catalog")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Build(plantest.Parse(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
