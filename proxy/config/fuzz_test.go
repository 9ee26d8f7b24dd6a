package config

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// buried is a secret that only the outside holds: no output may show it.
const buried = "xyzzy-from-outside"

// fuzzOutside has no files but two, which every pattern matches.
var fuzzOutside = outside{
	getenv: func(name string) (string, bool) { return buried, name == "X" },
	read: func(path string, limit int) ([]byte, fs.FileMode, error) {
		switch filepath.Base(path) {
		case "secret":
			return []byte(buried + "\n"), 0o644, nil
		case "more.yaml":
			return []byte("users: {more: {password: ${env:X}}}\n"), 0o644, nil
		case "bad.yaml":
			return []byte("users: [{more: {"), 0o644, nil
		}
		return nil, 0, fs.ErrNotExist
	},
	glob: func(pattern string) ([]string, error) {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return nil, err
		}
		return []string{"more.yaml", "bad.yaml"}[:1+len(pattern)%2], nil
	},
}

// FuzzLoad checks that no bytes make a load panic, linger, contradict itself or
// print a secret.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob(goldens + "/*.*")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		if filepath.Ext(file) != ".yaml" && filepath.Ext(file) != ".json" {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(`users: {a: {password: "${env:X}", auth: "${env:X}", pool_size: "${file:/secret}", query_timeout: "${env:X}"}}`))
	f.Add([]byte("include: [x]\nusers: {b: {password: '${file:secret}'}}\nclusters: {c: {nodes: ['${env:X}:1']}}"))
	f.Fuzz(func(t *testing.T, src []byte) {
		start := time.Now()
		c, problems := load(fuzzOutside, "f.yaml", src, 0o644)
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
		checkLoaded(t, src, c, problems)
	})
}

// FuzzURL checks the same of FromURL.
func FuzzURL(f *testing.F) {
	for _, c := range urlCases {
		f.Add(c.url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		c, problems := FromURL(url)
		checkLoaded(t, []byte(url), c, problems)
	})
}

// checkLoaded holds whatever was loaded to what load.go promises.
func checkLoaded(t *testing.T, src []byte, c *Config, problems []Problem) {
	t.Helper()
	var out bytes.Buffer
	failed := false
	for i, p := range problems {
		failed = failed || !p.Warning
		if p.Line < 0 || p.Col < 0 || (p.Line == 0) != (p.Col == 0) {
			t.Errorf("no place: %s", p)
		}
		if i > 0 && p.File == problems[i-1].File && p.Line != 0 && p.Line < problems[i-1].Line {
			t.Errorf("not sorted: %s", p)
		}
		fmt.Fprintln(&out, p)
	}
	if failed != (c == nil) {
		t.Errorf("Config %v with problems %v", c != nil, problems)
	}
	if c != nil {
		out.Write(Dump(c))
		for _, v := range append(Values(c), Values(new(Config))...) {
			fmt.Fprintln(&out, v.Path, v.Value)
		}
		fmt.Fprintln(&out, Diff(new(Config), c), Diff(c, new(Config)))
		if changes := Diff(c, c); len(changes) != 0 {
			t.Errorf("differs from itself: %v", changes)
		}
	}
	if !bytes.Contains(src, []byte(buried)) && bytes.Contains(out.Bytes(), []byte(buried)) {
		t.Errorf("a secret is printed:\n%s", out.Bytes())
	}
}
