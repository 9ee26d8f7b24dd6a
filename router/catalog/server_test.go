package catalog

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
)

var rewrite = os.Getenv("WYE_REWRITE") != ""

// TestAgainstServer loads a real PostgreSQL's catalog.
func TestAgainstServer(t *testing.T) {
	cluster := testpg.Start(t, testpg.Options{Name: "catalog", Users: []testpg.User{{Name: "nobody", Password: "x"}}})
	schema, err := plantest.Read("schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := cluster.Primary.Exec(t.Context(), schema); err != nil {
		t.Fatal(err)
	}
	results := load(t, cluster.Primary.SuperuserURL(cluster.Database), "")
	t.Run("builtin", func(t *testing.T) { testBuiltin(t, cluster, results) })
	if strings.HasPrefix(cluster.Version, "15.") {
		t.Run("fixture", func(t *testing.T) { testFixture(t, results) })
	}
	t.Run("rights", func(t *testing.T) { testRights(t, cluster, results) })
	t.Run("operators", func(t *testing.T) { testOperators(t, cluster) })
}

func load(t *testing.T, url, before string) [][][]*string {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if before != "" {
		if _, err := plantest.Results(t.Context(), conn, before); err != nil {
			t.Fatal(err)
		}
	}
	results, err := plantest.Results(t.Context(), conn, Queries)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Build(results); err != nil {
		t.Fatal(err)
	}
	return results
}

// testBuiltin: builtin.txt is what PostgreSQL 15 says. Another version may
// have other functions, but what is volatile there must not be safe here.
func testBuiltin(t *testing.T, cluster *testpg.Cluster, results [][][]*string) {
	names := map[string][]string{}
	for _, r := range results[resultBuiltins] {
		names[*r[1]] = append(names[*r[1]], *r[0])
	}
	for _, r := range results[resultBuiltinTypes] {
		names["type"] = append(names["type"], *r[0])
	}
	operators, err := cluster.Primary.Query(t.Context(), "select distinct oprname from pg_operator where oid < 16384 order by 1")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range operators {
		names["operator"] = append(names["operator"], r[0])
	}
	var b strings.Builder
	for _, kind := range []string{"i", "s", "v", "x", "type", "operator"} {
		for chunk := range slices.Chunk(names[kind], 8) {
			b.WriteString(kind + " " + strings.Join(chunk, " ") + "\n")
		}
	}
	if strings.HasPrefix(cluster.Version, "15.") {
		compare(t, "builtin.txt", b.String())
	}
	oids, err := cluster.Primary.Query(t.Context(), `select t.oid, typarray, typcategory, typtype, t.oid::regtype from pg_type t
		where oid < 16384 and typarray <> 0 and typrelid = 0 and typnamespace = 'pg_catalog'::regnamespace order by t.oid`)
	if err != nil {
		t.Fatal(err)
	}
	b.Reset()
	for _, r := range oids {
		b.WriteString(strings.Join(r, " ") + "\n")
	}
	if strings.HasPrefix(cluster.Version, "15.") {
		compare(t, "builtin_oids.txt", b.String())
	}
	for _, name := range slices.Concat(names["v"], names["x"]) {
		if v, ok := builtins[name]; ok && v != Volatile && v != Internal {
			t.Errorf("%s is listed as %v", name, v)
		}
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what the server says (WYE_REWRITE=1 rewrites it); got\n%s", file, got)
	}
}

// testFixture: schema.catalog is what the server says of schema.sql. The
// server's own names are left out, being those of one version.
func testFixture(t *testing.T, results [][][]*string) {
	short := slices.Clone(results)
	short[resultBuiltins], short[resultBuiltinTypes] = nil, nil
	text := plantest.Format(short)
	compare(t, filepath.Join(plantest.Dir(), "schema.catalog"), text)
	if again := plantest.Format(plantest.Parse(text)); again != text {
		t.Error("the fixture does not read back as it was written")
	}
}

// testRights: a user without any rights, in a session whose search_path is
// full of traps, sees the same.
func testRights(t *testing.T, cluster *testpg.Cluster, results [][][]*string) {
	trap := `create schema trap; grant usage on schema trap to public;
		create table trap.pg_proc (oid oid, proname name); create table trap.pg_class (relname name);
		create function trap.eq(oid, oid) returns bool language sql immutable as 'select false';
		create operator trap.= (leftarg = oid, rightarg = oid, function = trap.eq);
		revoke all on all tables in schema public from public;`
	if err := cluster.Primary.Exec(t.Context(), trap); err != nil {
		t.Fatal(err)
	}
	want := load(t, cluster.Primary.SuperuserURL(cluster.Database), "")
	got := load(t, cluster.Primary.URL("nobody", cluster.Database),
		"set search_path = trap, pg_temp, pg_catalog; create temp table pg_type (oid oid); create temp table pg_policy (x int)")
	if plantest.Format(got) != plantest.Format(want) {
		t.Error("an ordinary user sees another catalog")
	}
	if len(want[resultFunctions]) != len(results[resultFunctions])+1 {
		t.Errorf("%d functions, and with one more %d", len(results[resultFunctions]), len(want[resultFunctions]))
	}
}

// testOperators: what the router takes for granted of PostgreSQL's own.
func testOperators(t *testing.T, cluster *testpg.Cluster) {
	for what, sql := range map[string]string{
		"operators":     "select oprname from pg_operator o join pg_proc p on p.oid = o.oprcode where o.oid < 16384 and p.provolatile = 'v'",
		"casts":         "select castsource::regtype from pg_cast c join pg_proc p on p.oid = c.castfunc where c.oid < 16384 and p.provolatile = 'v'",
		"type inputs":   "select typname from pg_type t join pg_proc p on p.oid = t.typinput where t.oid < 16384 and t.typtype in ('b', 'r', 'm') and p.provolatile = 'v'",
		"row functions": "select proname from pg_proc p join pg_type t on t.oid = p.proargtypes[0] where p.oid < 16384 and pronargs - pronargdefaults <= 1 and provolatile = 'v' and typtype in ('c', 'p') and typname not in ('internal', 'cstring')",
		"relations":     "select relname from pg_class c where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v') and relname not like 'pg\\_%'",
	} {
		rows, err := cluster.Primary.Query(t.Context(), sql)
		if err != nil || len(rows) > 0 {
			t.Errorf("%s: %v %v", what, rows, err)
		}
	}
}
