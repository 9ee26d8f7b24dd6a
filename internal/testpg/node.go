package testpg

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Node is one server of a cluster. Safe for concurrent use, except that the
// methods which start and stop it wait for each other.
type Node struct {
	Name string // "primary", "r1", "r2"; also its application_name at the primary

	cluster  *Cluster
	dataDir  string
	logPath  string
	template string
	identity uint64
	port     int
	life     // of the running postmaster
}

func newNode(c *Cluster, name string) *Node {
	return &Node{
		Name: name, cluster: c,
		dataDir: filepath.Join(c.lair.dir, name),
		logPath: filepath.Join(c.LogDir, c.Name+"-"+name+".log"),
	}
}

// Addr is where the server listens, "127.0.0.1:23456"; it stays the same
// over restarts.
func (n *Node) Addr() string { return "127.0.0.1:" + strconv.Itoa(n.port) }

// Port is the port of Addr and of the socket's name.
func (n *Node) Port() int { return n.port }

// SocketDir holds the Unix-domain socket. Only root and the account the
// servers run as can enter it.
func (n *Node) SocketDir() string { return n.cluster.socketDir() }

// DataDir is the server's data folder, owned by the account it runs as.
func (n *Node) DataDir() string { return n.dataDir }

// ClusterName is what SHOW cluster_name answers on this server: it tells a
// client behind a proxy which server it reached.
func (n *Node) ClusterName() string {
	return n.cluster.Name + "-" + n.Name + "@" + n.cluster.lair.token
}

// URL is for TCP, with the password Boot gave the user. With TLS it verifies
// the server's certificate, else it says sslmode=disable.
func (n *Node) URL(user, database string) string {
	u := url.URL{Scheme: "postgres", Host: n.Addr(), Path: "/" + database}
	u.User = url.UserPassword(user, n.cluster.passwords[user])
	q := url.Values{"sslmode": {"disable"}}
	if n.cluster.CAFile != "" {
		q = url.Values{"sslmode": {"verify-full"}, "sslrootcert": {n.cluster.CAFile}}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// SuperuserURL is for the superuser over the socket, without a password.
func (n *Node) SuperuserURL(database string) string {
	q := url.Values{"host": {n.SocketDir()}, "port": {strconv.Itoa(n.port)}, "user": {Superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// Exec runs SQL, also several statements, as superuser in the cluster's
// database, on a connection of its own.
func (n *Node) Exec(ctx context.Context, sql string) error {
	return n.execIn(ctx, n.cluster.Database, sql)
}

// Query runs SQL as Exec does and returns the last result's rows as text;
// NULL reads as "".
func (n *Node) Query(ctx context.Context, sql string) ([][]string, error) {
	return n.queryIn(ctx, n.cluster.Database, sql)
}

// Value is Query for one row of one column.
func (n *Node) Value(ctx context.Context, sql string) (string, error) {
	return n.valueIn(ctx, n.cluster.Database, sql)
}

func (n *Node) valueIn(ctx context.Context, database, sql string) (string, error) {
	rows, err := n.queryIn(ctx, database, sql)
	if err != nil {
		return "", err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return "", fmt.Errorf("%s: want one value, got %d rows", sql, len(rows))
	}
	return rows[0][0], nil
}

func (n *Node) execIn(ctx context.Context, database string, sql ...string) error {
	conn, err := pgconn.Connect(ctx, n.SuperuserURL(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, s := range sql {
		if _, err := conn.Exec(ctx, s).ReadAll(); err != nil {
			return fmt.Errorf("%s: %w", n.Name, err)
		}
	}
	return nil
}

func (n *Node) queryIn(ctx context.Context, database, sql string) ([][]string, error) {
	conn, err := pgconn.Connect(ctx, n.SuperuserURL(database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.Name, err)
	}
	if len(results) == 0 {
		return nil, nil
	}
	var rows [][]string
	for _, r := range results[len(results)-1].Rows {
		row := make([]string, len(r))
		for i, v := range r {
			row[i] = string(v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// poll is the pause between two looks at a server that is not ready yet.
const poll = 5 * time.Millisecond

// WaitReady returns when the server accepts connections. It fails as soon as
// the server exits, with the end of its log.
func (n *Node) WaitReady(ctx context.Context) error {
	p := n.current()
	for {
		conn, err := pgconn.Connect(ctx, n.SuperuserURL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if p == nil {
			return errNotRunning
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%s exited (%s); its log ends:\n%s", n.Name, p.cmd.ProcessState, n.Log())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w; last error: %w; its log ends:\n%s", n.Name, ctx.Err(), err, n.Log())
		case <-time.After(poll):
		}
	}
}

// WaitCaughtUp returns when this replica streams from the primary and has
// replayed all that the primary had written at the time of the call.
func (n *Node) WaitCaughtUp(ctx context.Context, primary *Node) error {
	target, err := primary.valueIn(ctx, "postgres", "SELECT pg_current_wal_insert_lsn()")
	if err != nil {
		return err
	}
	if target, err = endOfPage(target); err != nil {
		return err
	}
	sql := fmt.Sprintf(`SELECT count(*) FROM pg_stat_replication
		WHERE application_name = %s AND state = 'streaming' AND replay_lsn >= %s`, literal(n.Name), literal(target))
	for {
		if v, err := primary.valueIn(ctx, "postgres", sql); err != nil {
			return err
		} else if v == "1" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not stream: %w; its log ends:\n%s", n.Name, ctx.Err(), n.Log())
		case <-time.After(poll):
		}
	}
}

// endOfPage turns an insert position just behind a page's header (24 or 40
// bytes, xlog_internal.h), where the next record will begin, into the end of
// the page before, which is all that a replica can replay until then.
func endOfPage(lsn string) (string, error) {
	var high, low uint32
	if _, err := fmt.Sscanf(lsn, "%X/%X", &high, &low); err != nil {
		return "", fmt.Errorf("position %q: %w", lsn, err)
	}
	const page, longHeader = 8 << 10, 40
	if low%page <= longHeader {
		low -= low % page
	}
	return fmt.Sprintf("%X/%X", high, low), nil
}

// LogFile is the server's log, which all its lives share.
func (n *Node) LogFile() string { return n.logPath }

// Log is the last 4 KiB of the server's log.
func (n *Node) Log() string {
	f, err := os.Open(n.logPath)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	const tail = 4 << 10
	b := make([]byte, tail)
	fi, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	got, _ := f.ReadAt(b, max(0, fi.Size()-tail)) // io.EOF when the log is shorter
	return string(b[:got])
}

var errNotRunning = errors.New("the server is not running")
