package connpool

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
)

func contents(p Params) map[string]string {
	m := map[string]string{}
	for n, v := range p.All {
		m[n] = v
	}
	return m
}

func TestParamsAreEqualByContents(t *testing.T) {
	a := NewParams([2]string{"TimeZone", "UTC"}, [2]string{"application_name", "x"})
	b := NewParams([2]string{"application_name", "y"}, [2]string{"timezone", "UTC"}, [2]string{"APPLICATION_NAME", "x"})
	if a != b {
		t.Errorf("%v and %v differ", contents(a), contents(b))
	}
	for _, other := range []Params{{}, a.With("a", ""), a.Without("timezone"), a.With("timezone", "utc")} {
		if a == other {
			t.Errorf("%v and %v are equal", contents(a), contents(other))
		}
	}
	// A value is a value, whatever is in it.
	if NewParams([2]string{"a", "1\x00b\x002"}) == NewParams([2]string{"a", "1"}, [2]string{"b", "2"}) {
		t.Error("a value became another parameter")
	}
}

func TestParamsEmpty(t *testing.T) {
	var zero Params
	for _, p := range []Params{NewParams(), zero.Without("a"), zero.With("a", "1").Without("A"), zero.Planning()} {
		if p != zero || !p.Empty() || len(contents(p)) != 0 {
			t.Errorf("%v is not the empty set", contents(p))
		}
	}
	if _, ok := zero.Get("a"); ok {
		t.Error("something is set")
	}
	// Set to nothing is not the same as not set.
	if p := zero.With("application_name", ""); p.Empty() {
		t.Error("an empty value is no value")
	} else if v, ok := p.Get("application_name"); !ok || v != "" {
		t.Errorf("%q %v", v, ok)
	}
}

// Names are compared as PostgreSQL does, which folds ASCII letters only.
func TestParamsNames(t *testing.T) {
	p := NewParams([2]string{"My.Ärger", "1"}).With("MY.ärger", "2")
	if fmt.Sprint(contents(p)) != fmt.Sprint(map[string]string{"my.Ärger": "1", "my.ärger": "2"}) {
		t.Errorf("%v", contents(p))
	}
}

// With and Without against a map, at random.
func TestParamsModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var p Params
	model := map[string]string{}
	for range 5000 {
		name, value := fmt.Sprintf("p%d", r.IntN(12)), fmt.Sprintf("%d", r.IntN(3))
		if r.IntN(10) == 0 {
			value = ""
		}
		if r.IntN(3) == 0 {
			p = p.Without(strings.ToUpper(name))
			delete(model, name)
		} else {
			p = p.With(name, value)
			model[name] = value
		}
		if !maps.Equal(contents(p), model) || p != fromMap(model) {
			t.Fatalf("%v, want %v", contents(p), model)
		}
		for n := range 12 {
			name := fmt.Sprintf("p%d", n)
			got, ok := p.Get(name)
			if want, is := model[name]; got != want || ok != is {
				t.Fatalf("%s is %q %v", name, got, ok)
			}
		}
	}
}

func TestParamsAllStops(t *testing.T) {
	n := 0
	for range NewParams([2]string{"a", "1"}, [2]string{"b", "2"}).All {
		n++
		break
	}
	if n != 1 {
		t.Error("went on")
	}
}

func TestPlanning(t *testing.T) {
	p := NewParams([2]string{"search_path", "a"}, [2]string{"application_name", "x"}, [2]string{"statement_timeout", "1s"},
		[2]string{"log_min_messages", "info"}, [2]string{"tcp_keepalives_idle", "1"}, [2]string{"role", "r"}, [2]string{"my.own", "1"})
	want := NewParams([2]string{"search_path", "a"}, [2]string{"role", "r"}, [2]string{"my.own", "1"})
	if got := p.Planning(); got != want {
		t.Errorf("%v", contents(got))
	}
	if want.Planning() != want {
		t.Error("what is of the essence went missing")
	}
}

func TestChangesTo(t *testing.T) {
	set := func(pairs ...string) (p Params) {
		for i := 0; i < len(pairs); i += 2 {
			p = p.With(pairs[i], pairs[i+1])
		}
		return p
	}
	tests := []struct {
		from, to Params
		want     string
	}{
		{set(), set(), ""},
		{set("a", "1"), set("a", "1"), ""},
		{set(), set("a", "1", "b", ""), "a=1 b="},
		{set("a", "1", "b", "2"), set("b", "3", "c", "4"), "-a b=3 c=4"},
		{set("a", "it's", "z", "1"), set(), "-a -z"},
		{set("role", "r", "a", "1"), set("role", "r", "a", "1"), ""},
		// What the role may not set is set before it is taken, and after the
		// one before is given up.
		{set(), set("a", "1", "role", "r", "z", "1"), "a=1 z=1 role=r"},
		{set("role", "q"), set("z", "1"), "-role z=1"},
		{set("role", "q", "y", "1"), set("role", "r", "z", "1"), "-role -y z=1 role=r"},
		{set("role", "r"), set("role", "r", "z", "1"), "-role z=1 role=r"},
		{set("role", "q"), set("role", "r"), "-role role=r"},
		{set("role", "q"), set(), "-role"},
	}
	for _, tt := range tests {
		var got []string
		for _, c := range tt.from.ChangesTo(tt.to) {
			if c.Value == nil {
				got = append(got, "-"+c.Name)
			} else {
				got = append(got, c.Name+"="+*c.Value)
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%v to %v: %q, want %q", contents(tt.from), contents(tt.to), s, tt.want)
		}
	}
}

// reported is what a PostgreSQL server reports.
func reported() (p Params) {
	for _, name := range []string{"application_name", "client_encoding", "datestyle", "default_transaction_read_only", "in_hot_standby", "integer_datetimes",
		"intervalstyle", "is_superuser", "server_encoding", "server_version", "session_authorization", "standard_conforming_strings", "timezone"} {
		p = p.With(name, "some value")
	}
	return p
}

// A client that changes its application_name with each transaction.
func BenchmarkParamsWith(b *testing.B) {
	p, names := reported(), [2]string{"worker 1", "worker 2"}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p = p.With("application_name", names[i%2])
	}
}

func BenchmarkParamsEqual(b *testing.B) {
	p, q := reported(), reported()
	for b.Loop() {
		if p != q {
			b.Fatal("differ")
		}
	}
}
