package testpg

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindNamesTheWaysOut(t *testing.T) {
	t.Setenv(BinVariable, t.TempDir())
	_, err := Find()
	if !errors.Is(err, ErrNoPrograms) {
		t.Fatalf("got %v, want ErrNoPrograms", err)
	}
	for _, way := range []string{"apt-get install postgresql", BinVariable + "=", "PATH"} {
		if !strings.Contains(err.Error(), way) {
			t.Errorf("%q is missing in: %v", way, err)
		}
	}
}

func TestVersionOf(t *testing.T) {
	for answer, want := range map[string]string{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": "15.18",
		"postgres (PostgreSQL) 18beta1\n":                        "18beta1",
		"mariadb from 11.1\n":                                    "",
	} {
		if got := versionOf(answer); got != want {
			t.Errorf("versionOf(%q) = %q, want %q", answer, got, want)
		}
	}
}

func TestNewestFirst(t *testing.T) {
	dir := t.TempDir()
	for _, v := range []string{"9", "18", "15"} {
		if err := os.MkdirAll(filepath.Join(dir, "postgresql", v), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, d := range newestFirst([]string{filepath.Join(dir, "postgresql", "*")}) {
		got = append(got, filepath.Base(d))
	}
	if strings.Join(got, " ") != "18 15 9" {
		t.Errorf("order is %v", got)
	}
}

func TestOptionsRefused(t *testing.T) {
	for _, o := range []Options{
		{Name: "has space"},
		{Name: strings.Repeat("x", 31)},
		{Settings: map[string]string{"cluster_name": "mine"}},
	} {
		if _, err := Boot(testContext(t), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}
