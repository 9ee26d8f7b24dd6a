package transcript

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// GoldenMajor is the PostgreSQL that wrote the answers in testdata/wire. Other
// majors word some errors otherwise; there a wye is compared with what the
// server behind it says at the same time.
const GoldenMajor = "15"

// Check plays the file at path on target and reports every answer that
// differs. With WYE_REWRITE=1 and a plain PostgreSQL of GoldenMajor it writes
// the answers into the file instead.
func Check(t *testing.T, path string, target Target) {
	t.Helper()
	f, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Play(f, target)
	if err != nil {
		t.Errorf("%s: %v", path, err)
	}
	major, merr := majorOf(target)
	if merr != nil {
		t.Fatal(merr)
	}
	if os.Getenv("WYE_REWRITE") == "1" && !target.Wye && major == GoldenMajor {
		if err != nil {
			return
		}
		if err := os.WriteFile(path, []byte(f.Text(got)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := f.golden(target.Wye)
	if major != GoldenMajor {
		want = live(t, f, target)
	}
	for _, d := range f.differences(want, got) {
		t.Error(d)
	}
}

// live asks the server itself and keeps the w< lines of the file.
func live(t *testing.T, f *File, target Target) Answers {
	t.Helper()
	if !target.Wye {
		t.Logf("%s: server is not PostgreSQL %s: played, not compared", f.Path, GoldenMajor)
	}
	want, err := Play(f, Target{Addr: target.direct()})
	if err != nil {
		t.Fatalf("%s: on the server: %v", f.Path, err)
	}
	for i, s := range f.steps {
		if target.Wye && s.reason != "" {
			want[i] = s.wye
		}
	}
	return want
}

func (t Target) direct() string {
	if t.Setup != "" {
		return t.Setup
	}
	return t.Addr
}

func majorOf(target Target) (string, error) {
	p := &player{file: &File{}, target: Target{Addr: target.direct()}, conns: map[string]*conn{}}
	defer p.dropAll()
	messages, err := p.startup("version", nil)
	for _, m := range messages {
		if v, ok := strings.CutPrefix(string(m.body), "server_version\x00"); ok && m.typ == 'S' {
			major, _, _ := strings.Cut(v, ".")
			return major, nil
		}
	}
	return "", err
}

func (f *File) golden(wye bool) Answers {
	var out Answers
	for _, s := range f.steps {
		if wye && s.reason != "" {
			out = append(out, s.wye)
		} else {
			out = append(out, s.want)
		}
	}
	return out
}

func (f *File) differences(want, got Answers) []string {
	var out []string
	for i, s := range f.steps {
		if i >= len(got) || slices.Equal(want[i], got[i]) {
			continue
		}
		out = append(out, f.Path+":"+difference(s, want[i], got[i]))
	}
	return out
}

func difference(s *step, want, got []string) string {
	return strconv.Itoa(s.line) + ":\n" + strings.Join(s.source, "\n") +
		"\n  want\n    " + strings.Join(want, "\n    ") + "\n  got\n    " + strings.Join(got, "\n    ")
}
