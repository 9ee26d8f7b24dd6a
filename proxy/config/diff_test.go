package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const before = `
process: {max_clients: 10, sql_cache: 1MiB}
admin: {http: {bind: "127.0.0.1:9630"}}
users:
  app: {password: hunter2, pool_size: 3}
  gone: {password: hunter2}
listeners: {pg: {bind: "127.0.0.1:6432"}, old: {bind: "127.0.0.1:6433"}}
clusters:
  shop: {nodes: ["localhost:1", "localhost:2"], pool: {idle: 5m}}
  past: {nodes: ["localhost:1"]}
`

const after = `
process: {max_clients: 20, sql_cache: 2MiB, log: {level: debug}}
listeners: {new: {bind: "127.0.0.1:6434"}, pg: {bind: "127.0.0.1:7432", login_timeout: 5s}}
users:
  app: {password: hunter22, query_timeout: 0}
clusters:
  fresh: {nodes: ["localhost:1"]}
  shop: {nodes: ["localhost:1", "localhost:3"], pool: {idle: 300s}}
`

func TestDiff(t *testing.T) {
	old, problems := Parse("a.yaml", []byte(before))
	if old == nil {
		t.Fatal(problems)
	}
	next, problems := Parse("b.yaml", []byte(after))
	if next == nil {
		t.Fatal(problems)
	}
	var lines []string
	for _, c := range Diff(old, next) {
		line := fmt.Sprintf("%s: %s -> %s", c.Path, c.Old, c.New)
		if c.NeedsRestart {
			line += " (restart)"
		}
		lines = append(lines, line)
	}
	want := []string{
		"admin.http.bind: 127.0.0.1:9630 ->  (restart)",
		"clusters.fresh: absent -> present",
		"clusters.past: present -> absent",
		"clusters.shop.nodes: [localhost:1, localhost:2] -> [localhost:1, localhost:3]",
		"listeners.new: absent -> present (restart)",
		"listeners.old: present -> absent (restart)",
		"listeners.pg.bind: 127.0.0.1:6432 -> 127.0.0.1:7432 (restart)",
		"listeners.pg.login_timeout: 1m -> 5s",
		"process.log.level: info -> debug",
		"process.max_clients: 10 -> 20",
		"process.sql_cache: 1MiB -> 2MiB (restart)",
		"users.app.password: *** -> ***",
		"users.app.pool_size: 3 -> ",
		"users.app.query_timeout:  -> 0",
		"users.gone: present -> absent",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s", got)
	}
	noSecret(t, []byte(strings.Join(lines, "\n")))
}

// TestDiffOfRotatedSecrets: the same file, another environment.
func TestDiffOfRotatedSecrets(t *testing.T) {
	src := []byte(`
users: {app: {password: "${env:P}"}, two: {password: x}}
clusters: {shop: {nodes: ["${env:P}:1", "localhost:2"], database: "${env:P}"}}
`)
	parse := func(secret string) *Config {
		o := outside{getenv: func(string) (string, bool) { return secret, true }}
		c, problems := load(o, "a.yaml", src, 0)
		if c == nil {
			t.Fatal(problems)
		}
		return c
	}
	got := fmt.Sprint(Diff(parse("hunter2"), parse("hunter22")))
	want := "[{clusters.shop.database *** *** false} {clusters.shop.nodes [***, localhost:2] [***, localhost:2] false} {users.app.password *** *** false}]"
	if got != want {
		t.Errorf("got %s", got)
	}
}

// TestEverySettingIsDescribed holds the struct tags to the scheme of schema.go,
// and each default to what its own setting accepts.
func TestEverySettingIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings() {
		if s.Doc == "" || !strings.HasSuffix(s.Doc, ".") {
			t.Errorf("%s: its doc is no sentence: %q", s.Path, s.Doc)
		}
		if seen[s.Path] {
			t.Errorf("%s stands twice", s.Path)
		}
		seen[s.Path] = true
	}
	if len(seen) < 60 {
		t.Errorf("only %d settings", len(seen))
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Config](), reflect.TypeFor[TLS](), reflect.TypeFor[User](), reflect.TypeFor[Listener](),
		reflect.TypeFor[Cluster](), reflect.TypeFor[AdminHTTP](), reflect.TypeFor[AuthQuery]()} {
		setDefaults(reflect.New(typ).Elem()) // panics on a bad one
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"size", "siez", 1}, {"size", "size", 0}, {"", "abc", 3}, {"pasword", "password", 1}, {"pool", "polo", 1}, {"min", "max", 2}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b, 10); got != c.want {
			t.Errorf("%s to %s: %d", c.a, c.b, got)
		}
	}
}

func TestNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"db1:5432":                    "tcp db1:5432",
		"[::1]:5432":                  "tcp [::1]:5432",
		"unix:/run/postgresql":        "unix /run/postgresql/.s.PGSQL.5432",
		"unix:/run/p/.s.PGSQL.5433":   "unix /run/p/.s.PGSQL.5433",
		"unix:/run/postgresql/":       "unix /run/postgresql/.s.PGSQL.5432",
		"unix:/odd/.s.PGSQL.d/socket": "unix /odd/.s.PGSQL.d/socket/.s.PGSQL.5432",
	} {
		if network, address := (Node{Addr: addr}).Network(); network+" "+address != want {
			t.Errorf("%s: %s %s", addr, network, address)
		}
	}
	if network, address := (&Listener{Bind: "unix:/run/.s.PGSQL.1"}).Network(); network != "unix" || address != "/run/.s.PGSQL.1" {
		t.Errorf("listener: %s %s", network, address)
	}
	if network, address := (&Listener{Bind: ":6432"}).Network(); network != "tcp" || address != ":6432" {
		t.Errorf("listener: %s %s", network, address)
	}
}
