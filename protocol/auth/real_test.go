package auth

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/wyeproxy/wye/internal/testpg"
)

// TestReal holds what needs a real PostgreSQL; its parts share one server.
func TestReal(t *testing.T) {
	id := localhost(t)
	addr := bootPostgres(t, `host all postgres 127.0.0.1/32 trust
host all md5_user,md5_scram 127.0.0.1/32 md5
host all clear_user 127.0.0.1/32 password
host all all 127.0.0.1/32 scram-sha-256
`, id)
	t.Run("SASLprep", func(t *testing.T) { realSASLPrep(t, addr) })
	t.Run("logins", func(t *testing.T) { realLogins(t, addr, id) })
	t.Run("words", func(t *testing.T) { realWords(t, addr, id) })
}

// bootPostgres starts a throw-away PostgreSQL with TLS for the length of the
// test and returns its address. hba is its pg_hba.conf; postgres is superuser.
func bootPostgres(t *testing.T, hba string, id identity) (addr string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "wye-auth-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 { // initdb refuses root
		nobody, err := user.Lookup("nobody")
		check(t, err)
		uid, _ := strconv.Atoi(nobody.Uid)
		gid, _ := strconv.Atoi(nobody.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		check(t, os.Chown(dir, uid, gid))
	}
	program := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(postgresPrograms(t), name), args...)
		cmd.SysProcAttr, cmd.Dir = as, dir
		return cmd
	}
	// SQL_ASCII stores passwords of any bytes, also ones that are not UTF-8.
	out, err := program("initdb", "-D", dir+"/db", "-U", "postgres", "-E", "SQL_ASCII", "--locale=C", "-A", "trust", "--no-sync").CombinedOutput()
	if err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	for name, content := range map[string]string{"pg_hba.conf": hba, "server.crt": id.certPEM, "server.key": id.keyPEM} {
		check(t, os.WriteFile(dir+"/db/"+name, []byte(content), 0o600))
		if as.Credential != nil {
			check(t, os.Chown(dir+"/db/"+name, int(as.Credential.Uid), int(as.Credential.Gid)))
		}
	}
	addr = freeAddr(t)
	host, port, _ := net.SplitHostPort(addr)
	server := program("postgres", "-D", dir+"/db", "-h", host, "-p", port, "-k", dir, "-c", "ssl=on", "-c", "fsync=off", "-c", "log_min_messages=panic")
	check(t, server.Start())
	t.Cleanup(func() { server.Process.Signal(syscall.SIGQUIT); server.Wait() })
	for deadline := time.Now().Add(60 * time.Second); program("pg_isready", "-q", "-h", host, "-p", port).Run() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("PostgreSQL did not come up in 60 s")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return addr
}

// postgresPrograms prefers Debian's folders: a lone initdb in PATH may be a
// link to a folder that is not.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("no PostgreSQL programs in /usr/lib/postgresql or PATH: install the package postgresql")
	}
	return filepath.Dir(path)
}

func freeAddr(t *testing.T) string {
	t.Helper()
	port, err := testpg.FreePort()
	check(t, err)
	return fmt.Sprintf("127.0.0.1:%d", port)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
