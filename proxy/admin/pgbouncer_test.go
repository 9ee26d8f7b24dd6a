package admin

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/proxy/stats"
)

// renamed are the columns that PgBouncer itself has renamed between Debian's
// 1.18 and the version that wye follows.
var renamed = map[string]string{"databases.reserve_pool": "reserve_pool_size"}

// The console of a real PgBouncer is the reference: each of its columns is in
// ours, under the same name, of the same type and in the same order.
func TestColumnsOfPgBouncer(t *testing.T) {
	conn := connectPgBouncer(t)
	compared := 0
	for _, name := range stats.ViewNames() {
		theirs, err := conn.Exec(t.Context(), "SHOW "+name).ReadAll()
		if err != nil {
			if wrong, ok := err.(*pgconn.PgError); !ok || !strings.Contains(wrong.Message, "invalid command") {
				t.Errorf("SHOW %s: %v", name, err)
			}
			continue // newer than this PgBouncer, or ours alone
		}
		compared++
		ours, _ := stats.LookupView(name)
		next := 0
		for _, f := range theirs[0].FieldDescriptions {
			want := f.Name
			if now, ok := renamed[name+"."+want]; ok {
				want = now
			}
			for next < len(ours.Columns) && ours.Columns[next].Name != want {
				next++
			}
			if next == len(ours.Columns) {
				t.Fatalf("%s: PgBouncer's column %s is missing or out of order", name, f.Name)
			}
			if got := uint32(ours.Columns[next].Type); got != f.DataTypeOID {
				t.Errorf("%s.%s has type %d, PgBouncer's has %d", name, want, got, f.DataTypeOID)
			}
		}
		if name == "lists" || name == "totals" {
			compareNames(t, name, ours, theirs[0].Rows)
		}
	}
	if compared < 17 {
		t.Errorf("compared only %d views", compared)
	}
}

// compareNames wants PgBouncer's rows in the views that are lists of names.
func compareNames(t *testing.T, view string, ours *stats.View, theirs [][][]byte) {
	t.Helper()
	have := map[string]bool{}
	for _, row := range ours.Table(newProxy().Snapshot()).Rows {
		have[row[0].Text] = true
	}
	for _, row := range theirs {
		if !have[string(row[0])] {
			t.Errorf("SHOW %s has no row %s", view, row[0])
		}
	}
}

// The replies to verbs, and what a driver is told at login, are PgBouncer's too.
func TestTagsOfPgBouncer(t *testing.T) {
	theirs := connectPgBouncer(t)
	host, port := listen(t, newProxy())
	ours := connect(t, dsn(host, port, "admin"))
	for _, verb := range []string{"PAUSE shop", "RESUME shop", "DISABLE shop", "ENABLE shop", "RECONNECT shop", "RECONNECT",
		"WAIT_CLOSE shop", "KILL shop", "RESUME shop", "SUSPEND", "RESUME", "SHOW HELP", "SHOW VERSION", "SELECT VERSION",
		"SET datestyle = 'ISO'"} {
		want, err := theirs.Exec(t.Context(), verb).ReadAll()
		if err != nil {
			t.Fatalf("PgBouncer: %s: %v", verb, err)
		}
		got, err := ours.Exec(t.Context(), verb).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", verb, err)
			continue
		}
		if got[0].CommandTag != want[0].CommandTag {
			t.Errorf("%s answers %s, PgBouncer %s", verb, got[0].CommandTag, want[0].CommandTag)
		}
	}
	for _, name := range []string{"client_encoding", "server_encoding", "standard_conforming_strings", "is_superuser", "TimeZone"} {
		if got, want := ours.ParameterStatus(name), theirs.ParameterStatus(name); got != want {
			t.Errorf("%s is %q, PgBouncer says %q", name, got, want)
		}
	}
}

func connect(t *testing.T, dsn string) *pgconn.PgConn {
	t.Helper()
	conn, err := pgconn.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

// connectPgBouncer starts Debian's pgbouncer on a free port and opens its
// console. It refuses to run as root, so it gets another user then.
func connectPgBouncer(t *testing.T) *pgconn.PgConn {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // not in every user's PATH
	}
	port := freePort(t)
	config := filepath.Join(t.TempDir(), "pgbouncer.ini")
	ini := fmt.Sprintf("[databases]\nshop = host=127.0.0.1 port=1\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\nadmin_users = ops\n", port)
	if err := os.WriteFile(config, []byte(ini), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, config)
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.SysProcAttr = unprivileged(t, filepath.Dir(config), config)
	if err := cmd.Start(); err != nil {
		t.Fatalf("pgbouncer (from the package of that name): %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	// auth_type any lets everybody in without a password; ops is an admin.
	address := fmt.Sprintf("host=127.0.0.1 port=%d user=ops dbname=pgbouncer sslmode=disable", port)
	awaitListener(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), &log)
	return connect(t, address)
}

func awaitListener(t *testing.T, address string, log *bytes.Buffer) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("pgbouncer does not listen on %s:\n%s", address, log.Bytes())
}

// unprivileged makes a child run as nobody when the test runs as root, and
// gives it what it must read.
func unprivileged(t *testing.T, files ...string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(nobody.Uid)
	gid, _ := strconv.Atoi(nobody.Gid)
	for _, f := range append(files, filepath.Dir(files[0])) {
		if err := os.Chmod(f, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// freePort finds a loopback port for a program that wants a number.
func freePort(t *testing.T) int {
	t.Helper()
	port, err := testpg.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
