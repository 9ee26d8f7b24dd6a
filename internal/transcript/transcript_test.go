package transcript

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const folder = "../../testdata/wire"

// Every transcript on a plain PostgreSQL: the goldens are what it says.
func TestFilesOnPostgreSQL(t *testing.T) {
	paths, err := filepath.Glob(folder + "/*.txt")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d transcripts, %v", len(paths), err)
	}
	target := server(t)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			Check(t, path, target)
		})
	}
}

func load(t *testing.T, text string) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

const small = `# what it shows
setup select 1
@a
> Q "select 1"
> Q "select 2"
< Z I
< Z I

> S
< Z I
# through wye: it knows better
w< Z T
# the end
`

func TestTextRoundTrip(t *testing.T) {
	f, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Text(f.golden(false)); got != small {
		t.Errorf("became\n%s", got)
	}
}

func TestDifferencesAreSeen(t *testing.T) {
	f, err := load(t, small)
	if err != nil {
		t.Fatal(err)
	}
	plain, wye := f.golden(false), f.golden(true)
	if d := f.differences(plain, plain); d != nil {
		t.Errorf("equal answers differ: %q", d)
	}
	d := f.differences(plain, wye)
	if len(d) != 1 || !strings.Contains(d[0], "Z T") || !strings.Contains(d[0], ":9:") {
		t.Errorf("got %q", d)
	}
}

func TestMalformedFiles(t *testing.T) {
	for text, want := range map[string]string{
		"< Z I":                      "an answer to nothing",
		"@a\n> S\nw< Z I":            "through wye: reason",
		"what is this":               "not understood",
		"> Q":                        "too short",
		"> Q \"a\" \"b\"":            "too many",
		"> K \"a\"":                  "unknown message",
		"> Q \"open":                 "string",
		"> B \"\" \"\" [0":           "missing ]",
		"> P \"\" \"\" [no_type]":    "unknown type",
		"> *x S":                     "bad count",
		"> Q \"x\"*99999999999":      "bad repeat",
		"> startup novalue":          "has no =",
		"> startup version=x user=y": "bad version",
	} {
		if _, err := load(t, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestUntil(t *testing.T) {
	for lines, want := range map[string]wait{
		"S":                   {"Z", 1},
		"*3 Q \"x\"|S":        {"Z", 4},
		"P \"\" \"\"":         {"quiet", 1},
		"Q \"x\"|X":           {"closed", 1},
		"F 1 [] [] 0|startup": {"Z", 2},
	} {
		s := &step{send: strings.Split(lines, "|")}
		if got := s.until(); got != want {
			t.Errorf("%s: until %v, want %v", lines, got, want)
		}
	}
}
