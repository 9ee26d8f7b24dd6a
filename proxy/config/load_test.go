package config

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const small = `clusters: {shop: {nodes: ["localhost:5432"]}}
users: [{name: app, password: hunter2}]
`

// write puts files into a fresh folder and returns the path of the first.
func write(t *testing.T, mode os.FileMode, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.WriteFile(path, []byte(files[i+1]), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, files[0])
}

func TestLoadFromDisk(t *testing.T) {
	c, problems := Load(write(t, 0o600, "wye.yaml", small))
	if c == nil || len(problems) != 0 {
		t.Fatalf("the smallest file: %v", problems)
	}
	app, shop := c.User("app"), c.Cluster("shop")
	if app == nil || app.Password.Reveal() != hunter || !app.MayEnter("shop") || app.QueryTimeout != nil {
		t.Errorf("user: %+v", app)
	}
	if shop == nil || shop.Database != "shop" || shop.Pool.Size != 20 || shop.Pool.Idle != 10*time.Minute {
		t.Errorf("cluster: %+v", shop)
	}
	if c.Process.SQLCache != 32<<20 || c.Process.MaxClients != 10000 || c.Admin.HTTP != nil || c.Certificate("x") != nil {
		t.Errorf("config: %+v", c)
	}
	if l := c.Listeners[0]; l.Bind != DefaultBind || l.Auth != AuthSCRAM || l.LoginTimeout != time.Minute || l.TLS.Mode != ListenDisable {
		t.Errorf("listener: %+v", l)
	}
}

func TestLoadWarnsOfReadableFile(t *testing.T) {
	path := write(t, 0o640, "wye.yaml", "include: [more.yaml]\n", "more.yaml", small)
	c, problems := Load(path)
	if c == nil || len(problems) != 1 || !problems[0].Warning || !strings.HasSuffix(problems[0].File, "more.yaml") ||
		!strings.Contains(problems[0].Message, "mode 0640") {
		t.Errorf("problems: %v", problems)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	path := write(t, 0o600, "wye.yaml", small+`admin: {console: {admins: ["${file:pipe}"]}}`)
	dir := filepath.Dir(path)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{path, "not a regular file"},
		{pipe, "not a regular file"},
		{dir, "not a regular file"},
		{huge, "more than 1048576 bytes"},
		{filepath.Join(dir, "none"), "no such file"},
	} {
		if got, problems := Load(c.path); got != nil || len(problems) == 0 || !strings.Contains(problems[0].Message, c.want) {
			t.Errorf("%s: %v", c.path, problems)
		}
	}
}

// TestHostileFilesAreBounded gives each bound of tree.go a file that exceeds it.
func TestHostileFilesAreBounded(t *testing.T) {
	deep := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	wide := "a: &a " + strings.Repeat("x", 30_000) + "\nb: [" + strings.Repeat("*a,", 199) + "]\n"
	for name, src := range map[string]string{
		"long":          "# " + strings.Repeat("x", maxFile),
		"deep yaml":     "a: " + deep("[", "]", 5000),
		"deeper yaml":   deep("[", "", 100_000),
		"deep json":     deep("[", "]", 9999),
		"many values":   "a: [" + strings.Repeat("1,", maxNodes) + "]",
		"many unknown":  manyKeys(60_000),
		"wide aliases":  wide,
		"many aliases":  "a: &a 1\nb: [" + strings.Repeat("*a,", 100_000) + "]",
		"many anchors":  strings.Repeat("&a ", 100_000),
		"broken at end": manyKeys(60_000) + "x: [",
		"references":    "users: {a: {password: '" + strings.Repeat("${env:X:-}", 90_000) + "'}}",
	} {
		start := time.Now()
		c, problems := load(fuzzOutside, "f.yaml", []byte(src), 0)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", name, took)
		}
		if c != nil || len(problems) == 0 || len(problems) > maxProblems+1 {
			t.Errorf("%s: %d problems", name, len(problems))
		}
		for _, p := range problems {
			if len(p.String()) > 1000 {
				t.Errorf("%s: a problem of %d bytes", name, len(p.String()))
			}
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("k" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String() + ": 1\n")
	}
	return b.String()
}

// TestIncludesAreBounded: a pattern that matches too much is refused whole.
func TestIncludesAreBounded(t *testing.T) {
	o := fuzzOutside
	o.glob = func(string) (files []string, err error) {
		for i := range maxIncludes + 1 {
			files = append(files, strings.Repeat("x", i)+".yaml")
		}
		return files, nil
	}
	c, problems := load(o, "f.yaml", []byte("include: [a]\n"+small), 0)
	if c != nil || len(problems) != 1 || problems[0].Message != "include: 257 files match, and 256 is the most" {
		t.Errorf("problems: %v", problems)
	}
}
