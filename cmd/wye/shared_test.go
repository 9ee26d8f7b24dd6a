package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/lineserver"
	"github.com/wyeproxy/wye/internal/testpg"
)

// sharedUsers are the roles of the shared cluster; each password is the name.
var sharedUsers = []testpg.User{
	{Name: "app", Password: "app"},
	{Name: "other", Password: "other"},
	{Name: "few", Password: "few", Attributes: "CONNECTION LIMIT 0"},
	{Name: "md5user"}, // gets its password in boot: the hash is another
	{Name: "certuser"},
	{Name: "trusted"},
	{Name: "looker", Password: "looker", Attributes: "SUPERUSER"}, // reads pg_authid
	{Name: "repl", Password: "repl", Attributes: "REPLICATION"},
}

// booted are the clusters that tests of this package share; TestMain closes
// them. A test that harms its server uses victim, every other shared.
var booted struct {
	sync.Mutex
	shared, victim *testpg.Cluster
}

func TestMain(m *testing.M) {
	lineserver.Main()
	if len(os.Args) > 1 && os.Args[1] == demoServerCommand { // a test runs the demo's servers
		os.Exit(runDemoServer(os.Args[2:], os.Stdout))
	}
	code := m.Run()
	for _, c := range []*testpg.Cluster{booted.shared, booted.victim} {
		if c == nil {
			continue
		}
		if err := c.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	removeBinary()
	os.Exit(code)
}

// shared returns a cluster that stays as it is.
func shared(t testing.TB) *testpg.Cluster {
	t.Helper()
	booted.Lock()
	defer booted.Unlock()
	if booted.shared == nil {
		booted.shared = boot(t, testpg.Options{
			Name: "shared", TLS: true, Users: sharedUsers,
			HBA: []string{
				"hostssl app certuser 127.0.0.1/32 cert",
				"host    app md5user  127.0.0.1/32 md5",
				"host    app trusted  127.0.0.1/32 trust",
			},
		})
		superuser(t, booted.shared, "SET password_encryption = md5; ALTER ROLE md5user PASSWORD 'md5user'")
	}
	return booted.shared
}

// victim returns a running cluster that tests may kill.
func victim(t testing.TB) *testpg.Cluster {
	t.Helper()
	booted.Lock()
	defer booted.Unlock()
	if booted.victim == nil {
		booted.victim = boot(t, testpg.Options{Name: "victim"})
	}
	if booted.victim.Primary.WaitReady(soon(t, 100*time.Millisecond)) != nil {
		if err := booted.victim.Primary.Restart(soon(t, 30*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return booted.victim
}

func boot(t testing.TB, o testpg.Options) *testpg.Cluster {
	t.Helper()
	c, err := testpg.Boot(soon(t, 60*time.Second), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// superuser runs SQL straight on the server.
func superuser(t testing.TB, c *testpg.Cluster, sql string) {
	t.Helper()
	if err := c.Primary.Exec(soon(t, generous), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// asSuperuser is one value that the server itself gives.
func asSuperuser(t testing.TB, c *testpg.Cluster, sql string) string {
	t.Helper()
	v, err := c.Primary.Value(soon(t, generous), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// wyeConfig is a configuration with one cluster, app, of the given settings;
// sections come behind it as they are.
func wyeConfig(cluster string, sections ...string) string {
	if cluster != "" {
		cluster = ", " + cluster
	}
	if !strings.Contains(cluster, "health:") {
		cluster += ", health: {timeout: 2s}" // a machine that runs many tests at once may be slow to answer
	}
	text := `
clusters:
  app: {nodes: ["{server}"], database: "{db}", backend: {tls: {mode: disable}}` + cluster + `}
`
	all := strings.Join(sections, "\n")
	if !strings.Contains(all, "users:") {
		text += `
users:
  - {name: app, password: app}
  - {name: other, password: other}
  - {name: ops, password: ops}
admin: {console: {admins: [ops], viewers: [other]}}
`
	}
	if !strings.Contains(all, "listeners:") {
		text += `
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`
	}
	return text + all
}
