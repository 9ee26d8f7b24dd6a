package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.yaml.in/yaml/v3"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/config"
)

const composeFolder = "../../testdata/compose"

// TestComposeFilesFit holds what can be said of the files without an engine:
// the configuration is right with the variables that the compose file sets,
// and no port is published beyond loopback.
func TestComposeFilesFit(t *testing.T) {
	text, err := os.ReadFile("../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Environment map[string]string
			Ports       []string
			Command     []string
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for name, value := range file.Services["wye"].Environment {
		t.Setenv(name, value)
	}
	cfg, problems := config.Load(filepath.Join(composeFolder, "wye.yaml"))
	if cfg == nil {
		t.Fatalf("wye.yaml: %v", problems)
	}
	published := 0
	for name, s := range file.Services {
		for _, p := range s.Ports {
			published++
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s beyond loopback", name, p)
			}
		}
	}
	if published != 4 || len(file.Services) != 10 {
		t.Errorf("%d services publish %d ports, want 10 and 4", len(file.Services), published)
	}
	for _, pool := range cfg.Pools {
		for _, s := range pool.Servers {
			name, port, _ := strings.Cut(s.Addr, ":")
			want := []string{demoServerCommand, map[config.PoolKind]string{config.KindHTTP: "web", config.KindTCP: "line"}[pool.Kind], s.Title(), ":" + port}
			if got := file.Services[name].Command; !slices.Equal(got, want) {
				t.Errorf("%s is a server of the pool %s and runs %q, want %q", s.Addr, pool.Name, got, want)
			}
		}
	}
	scripts, err := filepath.Glob(filepath.Join(composeFolder, "*.sh"))
	if err != nil || len(scripts) != 4 {
		t.Errorf("scripts: %v, %v", scripts, err)
	}
	for _, s := range scripts {
		if out, err := exec.Command("bash", "-n", s).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", s, err, out)
		}
		if info, err := os.Stat(s); err != nil || info.Mode()&0o111 != 0o111 {
			t.Errorf("%s: %v, %v; want it executable", s, info.Mode(), err)
		}
	}
}

// composed is what `make up` has started, through the ports it publishes.
type composed struct {
	t    *testing.T
	ctx  context.Context
	port string
}

func (c *composed) url(user, password, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: "127.0.0.1:" + c.port, Path: "/" + database}
	return u.String() + "?sslmode=disable"
}

// connect is for one of the accounts of docker-compose.yml, whose password is
// its name unless a variable says otherwise.
func (c *composed) connect(user, database string) *pgconn.PgConn {
	c.t.Helper()
	password := cmp.Or(os.Getenv(strings.ToUpper(user)+"_PASSWORD"), user)
	conn, err := pgconn.Connect(c.ctx, c.url(user, password, database))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (c *composed) value(conn *pgconn.PgConn, sql string) string {
	c.t.Helper()
	row, err := ask(c.ctx, conn, sql)
	if err != nil {
		c.t.Fatal(err)
	}
	return row[0]
}

// composedStack waits until what `make up` has started is ready.
func composedStack(t *testing.T) *composed {
	t.Helper()
	if os.Getenv("WYE_TEST_COMPOSE") == "" {
		t.Skip("WYE_TEST_COMPOSE is not set; it says that make up has been run")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	c := &composed{t: t, ctx: ctx, port: cmp.Or(os.Getenv("WYE_PORT"), "6432")}
	ready := "http://127.0.0.1:" + cmp.Or(os.Getenv("WYE_HTTP_PORT"), "9630") + "/readyz"
	if err := pollUntil(ctx, ready, func() (bool, error) {
		_, err := get(ctx, ready)
		return err == nil, nil
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestComposeServes asks what `make up` has started.
func TestComposeServes(t *testing.T) {
	c := composedStack(t)
	ctx := c.ctx
	app := c.connect("app", "shop")
	if got := c.value(app, "SHOW cluster_name"); got != "s0" {
		t.Errorf("a query reached %q, want the primary of s0", got)
	}
	if err := do(ctx, app, "DROP TABLE IF EXISTS composed; CREATE TABLE composed AS SELECT generate_series(1, 1000)"); err != nil {
		t.Fatal(err)
	}
	defer do(ctx, app, "DROP TABLE composed")
	c.replicaCatchesUp()
	c.clientsShare(app)
	c.shardsServe()
	if version := c.value(c.connect("ops", "pgbouncer"), "SHOW VERSION"); !strings.Contains(version, "wye") {
		t.Errorf("the console's version is %q", version)
	}
	if _, err := pgconn.Connect(ctx, c.url("app", "not it", "shop")); sqlState(err) != pgerror.InvalidPassword {
		t.Errorf("a wrong password gives %v, want %s", err, pgerror.InvalidPassword)
	}
}

var walPosition = regexp.MustCompile(`^[0-9A-F]+/[0-9A-F]+$`)

// replicaCatchesUp waits until the replica has replayed what the primary has
// written. It asks as monitor, whom wye finds by auth_query.
func (c *composed) replicaCatchesUp() {
	c.t.Helper()
	monitor := c.connect("monitor", "shop")
	written := c.value(monitor, "SELECT pg_current_wal_lsn()")
	if !walPosition.MatchString(written) {
		c.t.Fatalf("the primary has written up to %q", written)
	}
	err := pollUntil(c.ctx, "the replica to replay "+written, func() (bool, error) {
		row, err := ask(c.ctx, monitor, "SELECT count(*) FROM pg_stat_replication WHERE application_name = 's0-replica' AND state = 'streaming' AND replay_lsn >= '"+written+"'")
		return err == nil && row[0] == "1", err
	})
	if err != nil {
		c.t.Error(err)
	}
}

// shardsServe has rows of one table on both shards, in one transaction.
func (c *composed) shardsServe() {
	c.t.Helper()
	for k, line := range []string{"s0 s0:5432 1 yes", "s1 s1:5432 1 yes"} {
		err := pollUntil(c.ctx, "SHOW SHARDS to say "+line, func() (bool, error) {
			rows, err := askLines(c.ctx, c.connect("ops", "pgbouncer"), "SHOW SHARDS")
			return err == nil && len(rows) == 2 && rows[k] == line, err
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	conn := c.connect("app", "store")
	for _, sql := range []string{"DROP TABLE IF EXISTS users", "CREATE TABLE users (id bigint PRIMARY KEY, n int)", "BEGIN"} {
		if err := do(c.ctx, conn, sql); err != nil {
			c.t.Fatalf("%s: %v", sql, err)
		}
	}
	for id := range 20 {
		if err := do(c.ctx, conn, fmt.Sprintf("INSERT INTO users VALUES (%d, 1)", id)); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := do(c.ctx, conn, "COMMIT"); err != nil {
		c.t.Fatal(err)
	}
	if got := c.value(conn, "SELECT sum(n) FROM users"); got != "20" {
		c.t.Errorf("both shards have %s rows, want 20", got)
	}
	if route, err := explainRoute(c.ctx, conn, "SELECT sum(n) FROM users"); err != nil || !strings.Contains(route, "on 0,1 ") {
		c.t.Errorf("EXPLAIN ROUTE says %s, %v", route, err)
	}
	if err := do(c.ctx, conn, "DROP TABLE users"); err != nil {
		c.t.Error(err)
	}
}

// askLines asks the console; a row is cluster, shard, index, primary, replicas,
// ready and why, of which the line has those that we compare.
func askLines(ctx context.Context, conn *pgconn.PgConn, sql string) (lines []string, err error) {
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range results[0].Rows {
		lines = append(lines, fmt.Sprintf("%s %s %s %s", row[1], row[3], row[4], row[5]))
	}
	return lines, nil
}

// clientsShare has 50 clients query at once and counts their server conns.
func (c *composed) clientsShare(app *pgconn.PgConn) {
	c.t.Helper()
	const clients, size = 50, 10 // pool.size of wye.yaml
	f := &fleet{}
	for range clients {
		f.conns = append(f.conns, c.connect("app", "shop"))
	}
	if err := f.each(func(_ int, conn *pgconn.PgConn) error {
		row, err := ask(c.ctx, conn, "SELECT count(*), pg_sleep(0.02) FROM composed")
		if err == nil && row[0] != "1000" {
			err = fmt.Errorf("the table has %s rows, want 1000", row[0])
		}
		return err
	}); err != nil {
		c.t.Error(err)
	}
	conns, err := strconv.Atoi(c.value(app, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"))
	if err != nil || conns < 1 || conns > size {
		c.t.Errorf("%d clients used %d server conns (%v), want 1 to %d", clients, conns, err, size)
	}
}
