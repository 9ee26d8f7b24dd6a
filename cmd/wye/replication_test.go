package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

const replicationUsers = `
users:
  - {name: app, password: app}
  - {name: repl, password: repl}
`

// client runs one of PostgreSQL's client programs against wye as user repl.
func client(t *testing.T, addr, program string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	progs, err := testpg.Find()
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := strings.Cut(addr, ":")
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(stop)
	// Programs may stand beside the server's, in PATH, or where Debian has them.
	path := filepath.Join(progs.Dir, program)
	if _, err := exec.LookPath(path); err != nil {
		path = program
		if debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program); len(debian) > 0 {
			path = debian[len(debian)-1]
		}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "PGHOST="+host, "PGPORT="+port, "PGUSER=repl", "PGPASSWORD=repl", "PGSSLMODE=disable")
	out := new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

func TestBaseBackup(t *testing.T) {
	c := victim(t)
	superuser(t, c, "do $$ begin create role repl login replication password 'repl'; exception when duplicate_object then end $$")
	_, addr := startProxy(t, c, wyeConfig("", replicationUsers))
	dir := filepath.Join(t.TempDir(), "backup")
	cmd, out := client(t, addr, "pg_basebackup", "-D", dir, "-c", "fast")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd, out = client(t, addr, "pg_verifybackup", dir)
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "successfully verified") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestPhysicalReplicationOfOneOfMany: the programs cannot name a database, so
// the user's rights must leave only one.
func TestPhysicalReplicationOfOneOfMany(t *testing.T) {
	_, addr := startProxy(t, shared(t), `
clusters:
  app: {nodes: ["{server}"], backend: {tls: {mode: disable}}}
  more: {nodes: ["{server}"], database: app, backend: {tls: {mode: disable}}}
users:
  - {name: app, password: app}
  - {name: repl, password: repl, clusters: [more]}
listeners:
  - {name: main, bind: "127.0.0.1:0"}
`)
	conn := connect(t, dsnOf(addr, "repl", "replication", "replication=true"))
	if _, err := run(conn, "IDENTIFY_SYSTEM"); err != nil {
		t.Error(err)
	}
	for _, dsn := range []string{dsnOf(addr, "app", "replication", "replication=true"), dsnOf(addr, "repl", "replication"), dsnOf(addr, "repl", "app", "replication=true")} {
		if e := refused(t, dsn); e.Code != "3D000" {
			t.Errorf("%s: %s %s", dsn, e.Code, e.Message)
		}
	}
}

func TestReceiveWAL(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig("", replicationUsers))
	dir := t.TempDir()
	cmd, out := client(t, addr, "pg_receivewal", "-D", dir, "-v")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it streams", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_replication where application_name = 'pg_receivewal' and state = 'streaming'") == "1"
	})
	segment := asSuperuser(t, c, "select pg_walfile_name(pg_current_wal_insert_lsn())")
	superuser(t, c, "create table if not exists walked (i int); insert into walked values (1)")
	superuser(t, c, "select pg_switch_wal(); drop table walked")
	eventually(t, "a whole segment", func() bool {
		info, err := os.Stat(filepath.Join(dir, segment))
		return err == nil && info.Size() == 16<<20
	})
	_ = cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestReceiveLogical(t *testing.T) {
	c := shared(t)
	_, addr := startProxy(t, c, wyeConfig("", replicationUsers))
	slot := func(args ...string) (*exec.Cmd, *bytes.Buffer) {
		return client(t, addr, "pg_recvlogical", append([]string{"-d", "app", "--slot", "wye_logical"}, args...)...)
	}
	cmd, out := slot("--create-slot", "-P", "test_decoding")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	superuser(t, c, "create table decoded (i int)")
	file := filepath.Join(t.TempDir(), "changes")
	cmd, out = slot("--start", "-f", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pooled := connect(t, dsn(addr))
	superuser(t, c, "grant all on decoded to app")
	must(t, pooled, "insert into decoded select generate_series(1, 1000)")
	eventually(t, "1000 changes", func() bool {
		text, _ := os.ReadFile(file)
		return strings.Count(string(text), "table public.decoded: INSERT: i[integer]:") == 1000
	})
	_ = cmd.Process.Signal(syscall.SIGINT)
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	eventually(t, "the slot is free", func() bool {
		return asSuperuser(t, c, "select active from pg_replication_slots where slot_name = 'wye_logical'") == "f"
	})
	cmd, out = slot("--drop-slot")
	if err := cmd.Run(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	superuser(t, c, "drop table decoded")
}

func TestReplicationSession(t *testing.T) {
	c := shared(t)
	server, addr := startProxy(t, c, wyeConfig("", replicationUsers))
	conn := connect(t, dsnOf(addr, "repl", "app", "replication=database"))
	rows, err := run(conn, "IDENTIFY_SYSTEM")
	if err != nil || rows[0][3] != "app" {
		t.Errorf("IDENTIFY_SYSTEM: %v %v", rows, err)
	}
	if got := must(t, conn, "select 41 + 1"); got != "42" {
		t.Errorf("SQL on a replication connection gives %s", got)
	}
	physical := connect(t, dsnOf(addr, "repl", "app", "replication=true"))
	if rows, err := run(physical, "IDENTIFY_SYSTEM"); err != nil || len(rows) != 1 {
		t.Errorf("IDENTIFY_SYSTEM: %v %v", rows, err)
	}
	for dsn, code := range map[string]string{
		dsnOf(addr, "app", "app", "replication=true"):       "42501", // has not the attribute
		dsnOf(addr, "repl", "nosuch", "replication=true"):   "3D000",
		dsnOf(addr, "repl", "app", "replication=sometimes"): "22023",
	} {
		if e := refused(t, dsn); e.Code != code {
			t.Errorf("%s: got %s %s, want %s", dsn, e.Code, e.Message, code)
		}
	}
	for _, version := range []string{"3.0", "3.2"} {
		logical := connect(t, dsnOf(addr, "repl", "app", "replication=database max_protocol_version="+version))
		if serverPID := must(t, logical, "select pg_backend_pid()"); serverPID == fmt.Sprint(logical.PID()) {
			t.Error("the client has the server's key")
		}
		wantError(t, cancelled(t, logical, later(logical, "select pg_sleep(100)")), "57014")
		_ = logical.Close(t.Context())
	}

	// A replication client that goes takes its server process along.
	_ = conn.Close(t.Context())
	_ = physical.Close(t.Context())
	eventually(t, "no replication connection", func() bool {
		return asSuperuser(t, c, "select count(*) from pg_stat_activity where usename = 'repl' and application_name <> 'wye watch'") == "0"
	})
	began := time.Now()
	stuck := connect(t, dsnOf(addr, "repl", "app", "replication=true"))
	server.Close()
	quick(t, began, generous)
	wantClosed(t, stuck)
}

func TestSubscription(t *testing.T) {
	from, to := shared(t), victim(t)
	_, addr := startProxy(t, from, wyeConfig("", replicationUsers))
	host, port, _ := strings.Cut(addr, ":")
	superuser(t, from, "create table published (i int primary key); insert into published select generate_series(1, 500); grant all on published to app; grant select on published to repl; create publication wye_pub for table published")
	superuser(t, to, "create table published (i int primary key)")
	superuser(t, to, fmt.Sprintf("create subscription wye_sub connection 'host=%s port=%s user=repl password=repl dbname=app sslmode=disable' publication wye_pub", host, port))
	t.Cleanup(func() {
		superuser(t, to, "drop subscription wye_sub")
		superuser(t, to, "drop table published")
		superuser(t, from, "drop publication wye_pub; drop table published")
	})
	count := func() string { return asSuperuser(t, to, "select count(*) from published") }
	eventually(t, "the first copy", func() bool { return count() == "500" })
	conn := connect(t, dsn(addr))
	must(t, conn, "insert into published select generate_series(501, 1000); delete from published where i <= 100")
	eventually(t, "the changes", func() bool { return count() == "900" })
}
