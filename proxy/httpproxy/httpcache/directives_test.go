package httpcache

import (
	"net/http"
	"strings"
	"testing"
)

func TestEachDirective(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", ""},
		{"no-store", "no-store"},
		{" , ,No-Store\t, a", "no-store a"},
		{"max-age=10,s-maxage=\"20\"", "max-age=10 s-maxage=20"},
		{`a="b, \"c\\", d`, `a=b, "c\ d`},
		{`private="a`, "private!"},
		{`private="a\`, "private!"},
		{"no-store;max-age=1, x", "no-store! x"},
		{"max-age =1, x", "max-age! x"},
		{"max-age= 1, x", "max-age! x"},
		{"max-age=, x", "max-age! x"},
		{"=1, x", "x"},
		{`"no-store", x`, "x"},
		{`a="b"c, x`, "a!b x"},
		{"\x00no-store, x", "x"},
		{"no-store\x00, x", "no-store! x"},
	} {
		var got []string
		eachDirective([]string{tt.in}, func(name, arg string, kind argument) {
			got = append(got, name+map[argument]string{bare: "", given: "=", bad: "!"}[kind]+arg)
		})
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%q: %q, not %q", tt.in, s, tt.want)
		}
	}
}

func TestParseSeconds(t *testing.T) {
	for in, want := range map[string]seconds{
		"": invalid, "0": 0, "007": 7, "2147483647": 1<<31 - 1, "2147483648": most, "99999999999999999999999999": most,
		"-1": invalid, "+1": invalid, "1.0": invalid, " 1": invalid, "1s": invalid, "0x1": invalid,
	} {
		if got := parseSeconds(in); got != want {
			t.Errorf("%q: %d, not %d", in, got, want)
		}
	}
}

// FuzzDirectives: whatever stands in Cache-Control, nothing panics, and what a
// line forbids stays forbidden, whatever stands in others.
func FuzzDirectives(f *testing.F) {
	for _, s := range []string{"max-age=1, private=\"a, b\"", "no-cache=\"", "a=\"\\", "s-maxage=99999999999999999999", ",;=\"\\\"", "max-age=1,max-age=2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		cc := parseResponseControl(http.Header{"Cache-Control": {line, "no-store, private", line}})
		if !cc.noStore || !cc.private {
			t.Errorf("%q undoes a restriction", line)
		}
		for _, s := range []seconds{cc.maxAge, cc.sMaxAge, cc.staleWhile, cc.staleIfError} {
			if s < invalid || s > most {
				t.Errorf("%q: %d seconds", line, s)
			}
		}
		rc := parseRequestControl(http.Header{"Cache-Control": {line, "no-store"}})
		if !rc.noStore || rc.plain || rc.maxAge == invalid {
			t.Errorf("%q: %+v", line, rc)
		}
		for _, name := range cc.drop {
			if tok, rest := token(name); tok == "" || rest != "" {
				t.Errorf("%q: %q is no field's name", line, name)
			}
		}
	})
}

// FuzzMembers: lists are cut at the commas that are not quoted, and no byte
// but blanks and commas is lost.
func FuzzMembers(f *testing.F) {
	f.Add(`"a,b", c ,, W/"d\",e"`)
	f.Fuzz(func(t *testing.T, line string) {
		var all strings.Builder
		eachMember([]string{line}, func(m string) {
			if m == "" || m != strings.Trim(m, " \t") {
				t.Errorf("%q: member %q", line, m)
			}
			all.WriteString(m)
		})
		strip := strings.NewReplacer(",", "", " ", "", "\t", "")
		if got, want := strip.Replace(all.String()), strip.Replace(line); got != want {
			t.Errorf("%q became %q", line, got)
		}
	})
}
