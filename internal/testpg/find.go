package testpg

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
)

// Programs says where PostgreSQL's server programs are.
type Programs struct {
	Dir     string // folder that holds postgres and initdb
	Version string // as the server states it: "15.18", "18beta1"
}

// BinVariable names the environment variable that, when set, is the only
// folder Find looks in.
const BinVariable = "WYE_PG_BIN"

// ErrNoPrograms is what Find returns, wrapped, when there is no PostgreSQL on
// this machine. Its text names the ways out.
var ErrNoPrograms = errors.New(`PostgreSQL's server programs (postgres, initdb) were not found in PATH or /usr/lib/postgresql/*/bin; three ways out:
  1. install them:        apt-get install postgresql     (or your system's package of the server)
  2. say where they are:  ` + BinVariable + `=/path/to/bin
  3. put that folder in PATH`)

// installFolders are where packages put the programs without adding them to
// PATH: Debian and Ubuntu, the PGDG packages for Red Hat, Homebrew, source.
var installFolders = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
	"/usr/local/pgsql/bin",
}

// Find returns the server programs: those in WYE_PG_BIN, else those in PATH,
// else the newest of the usual install folders. The error wraps ErrNoPrograms.
func Find() (Programs, error) {
	if dir := os.Getenv(BinVariable); dir != "" {
		p, err := programsIn(dir)
		if err != nil {
			return Programs{}, fmt.Errorf("%s=%s: %w: %w", BinVariable, dir, err, ErrNoPrograms)
		}
		return p, nil
	}
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), newestFirst(installFolders)...) {
		if p, err := programsIn(dir); err == nil {
			return p, nil
		}
	}
	return Programs{}, ErrNoPrograms
}

func (p Programs) path(program string) string { return filepath.Join(p.Dir, program) }

func programsIn(dir string) (Programs, error) {
	p := Programs{Dir: dir}
	if !filepath.IsAbs(dir) {
		return p, fmt.Errorf("not an absolute path: %q", dir)
	}
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(p.path(name)); err != nil {
			return p, fmt.Errorf("look for %s: %w", name, err)
		}
	}
	out, err := exec.Command(p.path("postgres"), "--version").Output()
	if err != nil {
		return p, fmt.Errorf("ask for the version: %w", err)
	}
	if p.Version = versionOf(string(out)); p.Version == "" {
		return p, fmt.Errorf("ask for the version: unexpected answer %q", out)
	}
	return p, nil
}

var versionText = regexp.MustCompile(`\(PostgreSQL\) (\d[\w.]*)`)

// versionOf takes the version out of `postgres --version`.
func versionOf(answer string) string {
	if m := versionText.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	return ""
}

var numbers = regexp.MustCompile(`\d+`)

// newestFirst expands the patterns and sorts by the last number in the path,
// the major version, so that 18 stands before 9.
func newestFirst(patterns []string) []string {
	var dirs []string
	for _, p := range patterns {
		found, _ := filepath.Glob(p) // the only error is a malformed pattern, and ours are constants
		dirs = append(dirs, found...)
	}
	major := func(dir string) int {
		all := numbers.FindAllString(dir, -1)
		if len(all) == 0 {
			return 0
		}
		n, _ := strconv.Atoi(all[len(all)-1])
		return n
	}
	sort.SliceStable(dirs, func(i, j int) bool { return major(dirs[i]) > major(dirs[j]) })
	return dirs
}
