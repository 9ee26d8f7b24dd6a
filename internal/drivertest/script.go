package drivertest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Script is one self-checking program of testdata/drivers.
type Script struct {
	Name    string   // as in `go test -run`
	file    string   // in testdata/drivers
	runners []runner // the first that has the driver runs it
	install string   // the Debian packages that bring it
}

// runner is a command line to which the file is added, and one that prints
// the driver's version or fails where the driver is missing.
type runner struct {
	command []string
	version []string
}

const scriptTimeout = 2 * time.Minute

// Scripts are the drivers of other languages.
var Scripts = []Script{
	python("psycopg3", "psycopg", "python3-psycopg"),
	python("psycopg2", "psycopg2", "python3-psycopg2"),
	python("asyncpg", "asyncpg", "python3-asyncpg"),
	python("sqlalchemy", "sqlalchemy", "python3-sqlalchemy python3-psycopg2 python3-asyncpg python3-greenlet"),
	python("django", "django", "python3-django python3-psycopg2"),
	{"jdbc", "DriverJdbc.java", []runner{{
		[]string{"java", "-cp", jdbcJar},
		[]string{"sh", "-c", "java -cp " + jdbcJar + " org.postgresql.util.PGJDBCMain | grep JDBC"}}}, "openjdk-17-jdk-headless libpostgresql-jdbc-java"},
	{"ruby-pg", "driver_ruby_pg.rb", []runner{{[]string{"ruby"}, []string{"ruby", "-rpg", "-e", "puts PG::VERSION"}}}, "ruby-pg"},
	{"dbd-pg", "driver_dbd_pg.pl", []runner{{[]string{"perl"}, []string{"perl", "-MDBD::Pg", "-e", "print $DBD::Pg::VERSION"}}}, "libdbd-pg-perl"},
	{"php", "driver_php.php", []runner{{[]string{"php"},
		[]string{"php", "-r", "if (!extension_loaded('pdo_pgsql') || !extension_loaded('pgsql')) exit(1); echo PHP_VERSION;"}}}, "php-cli php-pgsql"},
	{"psql", "driver_psql.sh", []runner{{[]string{"sh"}, []string{"psql", "--version"}}}, "postgresql-client"},
	{"pgbench", "driver_pgbench.sh", []runner{{[]string{"sh"}, []string{"pgbench", "--version"}}}, "postgresql-contrib"},
}

const jdbcJar = "/usr/share/java/postgresql.jar"

// python tries the distribution's interpreter first: a python3 of another
// origin in PATH does not see Debian's packages.
func python(name, module, install string) Script {
	s := Script{Name: name, file: "driver_" + name + ".py", install: install}
	for _, interpreter := range []string{"/usr/bin/python3", "python3"} {
		s.runners = append(s.runners, runner{[]string{interpreter},
			[]string{interpreter, "-c", "import " + module + "; print(" + module + ".__version__)"}})
	}
	return s
}

var okLine = regexp.MustCompile(`^ok ([0-9]+) checks$`)

// Run plays the script in folder (testdata/drivers) against target. It must
// exit 0 with a last line `ok N checks`, N more than 0, within two minutes.
func (s Script) Run(t *testing.T, folder string, target Target) {
	t.Helper()
	found := s.find(t)
	begun := time.Now()
	out, err := run(t.Context(), folder, append(found.command, s.file), target.environment())
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	ok := okLine.FindStringSubmatch(lines[len(lines)-1])
	if err != nil || ok == nil || ok[1] == "0" {
		t.Fatalf("%s: %v\n%s", s.Name, err, tail(lines, 40))
	}
	t.Logf("%s checks in %v", ok[1], time.Since(begun).Round(time.Millisecond))
}

func (s Script) find(t *testing.T) runner {
	t.Helper()
	var tried []string
	for _, r := range s.runners {
		out, err := run(t.Context(), ".", r.version, os.Environ())
		version, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		if err == nil {
			t.Logf("%s %s", s.Name, version)
			return r
		}
		tried = append(tried, strings.Join(r.version, " ")+": "+err.Error()+": "+version)
	}
	t.Fatalf("%s is not here; apt-get install %s\n%s", s.Name, s.install, strings.Join(tried, "\n"))
	return runner{}
}

// run kills the whole process group at the end of its time: scripts have children.
func run(ctx context.Context, folder string, command, env []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, scriptTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Env = folder, env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return out.Bytes(), err
}

func tail(lines []string, n int) string {
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
