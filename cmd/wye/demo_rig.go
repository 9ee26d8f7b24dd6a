package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy"
	"github.com/wyeproxy/wye/proxy/config"
)

// rigPool is how many server conns the demo's clients share.
const rigPool = 8

const rigDatabase = "shop"

// rig is what the demo runs on: a cluster, wye in front of it, in this
// process, and the accounts of both.
type rig struct {
	cluster *testpg.Cluster
	store   *store // a second database, sharded
	server  *proxy.Server
	app     account // may use the databases, on the servers too
	watcher account // follows the servers' state and their log
	ops     account // may use the console, and is known to wye only
	console *pgconn.PgConn
	fleet   *fleet        // connected by the tour's first step
	lines   []*demoServer // three servers that are no database
	webs    []*demoServer // three of HTTP
}

type account struct{ name, password string }

func newAccount(name string) account {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return account{name, hex.EncodeToString(b)}
}

// startRig boots everything. The caller must close the rig.
func startRig(ctx context.Context, log *slog.Logger) (*rig, error) {
	r := &rig{app: newAccount("app"), ops: newAccount("ops"), watcher: newAccount("watcher"), store: &store{login: newAccount("wye")}}
	if err := r.bootAll(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if err := r.cluster.Primary.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN REPLICATION PASSWORD '%s'", r.watcher.name, r.watcher.password)); err != nil {
		return nil, errors.Join(err, r.close())
	}
	var err error
	if r.lines, err = startDemoServers("line"); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if r.webs, err = startDemoServers("web"); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if err := r.startProxy(log); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if err := r.furnish(ctx); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

// rigLog is where wye's own log goes.
func rigLog(o demoOptions, errs io.Writer) *slog.Logger {
	if !o.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(errs, nil))
}

// startProxy takes the usual ports or the next free ones.
func (r *rig) startProxy(log *slog.Logger) error {
	port, web := 6432, 9630
	for try := 1; ; try++ {
		port, web = freeFrom(port), freeFrom(web)
		err := r.tryProxy(port, web, log)
		// Another copy may have won one of them since we looked.
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) || try == 20 {
			return err
		}
	}
}

func (r *rig) tryProxy(port, web int, log *slog.Logger) error {
	cfg, problems := config.Parse("demo.yaml", []byte(r.config(port, web)))
	if cfg == nil {
		return fmt.Errorf("%v", problems)
	}
	server, err := proxy.New(cfg, proxy.Options{Version: version, Commit: commit(), Log: log})
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		server.Close()
		return err
	}
	r.server = server
	return nil
}

// config is the file a user would write for this.
func (r *rig) config(port, web int) string {
	return fmt.Sprintf(`
admin:
  http: {bind: "127.0.0.1:%d"}
  console: {admins: [%s]}
users:
  - {name: %s, password: "%s", clusters: [%s, %s]}
  - {name: %s, password: "%s", clusters: []}
listeners:
  - {name: main, bind: "127.0.0.1:%d"}
  - {name: lines, kind: tcp, bind: "127.0.0.1:0", pool: lines}
  - {name: web, kind: http, bind: "127.0.0.1:0", pool: web, routes: {kept: {path: /kept, pool: web, cache: {ttl: 1m}}}}
pools:
  lines: {servers: %s}
  web: {kind: http, servers: %s}
clusters:
  %s:
    nodes: ["%s", "%s"]
    backend: {tls: {mode: disable}, require_auth: [scram]}
    pool: {mode: transaction, size: %d}
    health: {user: %s, password: "%s", timeout: 2s}
    cache: {elsewhere: wal, rules: {prices: {tables: [prices], ttl: 1m}}}
`, web, r.ops.name, r.app.name, r.app.password, rigDatabase, storeDatabase, r.ops.name, r.ops.password, port,
		addrs(r.lines), addrs(r.webs),
		rigDatabase, r.cluster.Primary.Addr(), r.cluster.Replicas[0].Addr(), rigPool, r.watcher.name, r.watcher.password) + r.store.config()
}

// freeFrom returns the first port from p on that nobody listens on.
func freeFrom(p int) int {
	for ; p < 65535; p++ {
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p)); err == nil {
			l.Close()
			break
		}
	}
	return p
}

// furnish makes what the tour asks for, through wye, in both databases.
func (r *rig) furnish(ctx context.Context) error {
	stored := make(chan error, 1)
	go func() {
		stored <- r.fill(ctx, storeDatabase, r.store.furnish)
	}()
	err := r.fill(ctx, rigDatabase, func(ctx context.Context, conn *pgconn.PgConn) error { return do(ctx, conn, rigSchema()) })
	if err := cmpError(err, <-stored); err != nil {
		return err
	}
	r.console, err = pgconn.Connect(ctx, r.consoleURL())
	return err
}

func (r *rig) fill(ctx context.Context, database string, with func(context.Context, *pgconn.PgConn) error) error {
	conn, err := r.connectTo(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return with(ctx, conn)
}

// rigAccounts is how many accounts there are; account n has a balance of 3n,
// so each answer can be checked.
const rigAccounts = 10000

// rigTenants own a schema each, with a table of the same name in all of them.
var rigTenants = []string{"north", "east", "south", "west"}

func rigSchema() string {
	var b strings.Builder
	fmt.Fprintf(&b, `CREATE TABLE accounts (id int PRIMARY KEY, balance bigint NOT NULL);
INSERT INTO accounts SELECT n, 3 * n FROM generate_series(1, %d) n;
`, rigAccounts)
	for _, t := range rigTenants {
		fmt.Fprintf(&b, "CREATE SCHEMA %s; CREATE TABLE %s.whoami AS SELECT text '%s' AS tenant;\n", t, t, t)
	}
	b.WriteString(disguiseSchema + ownSchema + writersSchema + pricesSchema)
	return b.String()
}

// connect opens one more client of wye.
func (r *rig) connect(ctx context.Context) (*pgconn.PgConn, error) {
	return r.connectTo(ctx, rigDatabase)
}

func (r *rig) connectTo(ctx context.Context, database string) (*pgconn.PgConn, error) {
	return pgconn.Connect(ctx, r.url(r.app, database)+"?sslmode=disable")
}

func (r *rig) appURL() string     { return r.url(r.app, rigDatabase) }
func (r *rig) storeURL() string   { return r.url(r.app, storeDatabase) }
func (r *rig) consoleURL() string { return r.url(r.ops, "pgbouncer") }
func (r *rig) webURL() string     { return "http://" + r.server.WebAddr().String() }
func (r *rig) addr() string       { return r.server.Addrs()[0].String() }

// dirs are the folders that close removes, one for each cluster.
func (r *rig) dirs() []string {
	dirs := []string{filepath.Dir(r.cluster.Primary.DataDir())}
	for _, c := range r.store.shards {
		dirs = append(dirs, filepath.Dir(c.Primary.DataDir()))
	}
	return dirs
}

func (r *rig) url(a account, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(a.name, a.password), Host: r.addr(), Path: "/" + database}
	return u.String()
}

// show asks wye's console; a row maps columns to text.
func (r *rig) show(ctx context.Context, what string) ([]map[string]string, error) {
	results, err := r.console.Exec(ctx, "SHOW "+what).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("SHOW %s: %w", what, err)
	}
	var rows []map[string]string
	for _, values := range results[0].Rows {
		row := map[string]string{}
		for i, f := range results[0].FieldDescriptions {
			row[f.Name] = string(values[i])
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// close ends clients, wye and servers, in this order. Nothing stays.
func (r *rig) close() error {
	r.fleet.close()
	r.store.fleet.close()
	if r.console != nil {
		_ = r.console.Close(context.Background())
	}
	if r.server != nil {
		r.server.Close()
	}
	for _, s := range slices.Concat(r.lines, r.webs) {
		s.kill()
	}
	stored := make(chan error, 1)
	go func() { stored <- r.store.close() }()
	var err error
	if r.cluster != nil {
		err = r.cluster.Close()
	}
	return errors.Join(err, <-stored)
}
