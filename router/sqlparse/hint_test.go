package sqlparse

import "testing"

func TestHintKeys(t *testing.T) {
	r := newTestReader(t, 1<<20)
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"/* wye: role=replica */ select 1", "/* wye: role=replica */ select 2", true},
		{"/* wye: role=replica */ select 1", "/* wye: role=primary */ select 1", false},
		{"/* wye: role=replica */ select 1", "/* wye; role=replica */ select 1", false},
		{"-- wye: role=replica\nselect 1", "-- nothing\nselect 1", false},
		{"/* a */ select 1", "/* b */ select 2", true},
		{"/* wye a */ select 1", "/* why */ select 2", true},
		{"values (1 /* wye: role=primary */), (2)", "values (1), (2 /* wye: role=primary */)", false},
	} {
		if got := r.Read([]byte(c.a)) == r.Read([]byte(c.b)); got != c.same {
			t.Errorf("%s and %s share a Statement: %v", c.a, c.b, got)
		}
	}
}

func TestExplainRoute(t *testing.T) {
	for _, c := range []struct {
		sql, rest string
		ok        bool
	}{
		{"explain route select 1", " select 1", true},
		{"EXPLAIN ROUTE select 1", " select 1", true},
		{" /* a */ Explain -- b\n Route/* c */select 1", "/* c */select 1", true},
		{"explain/**/route(select 1)", "(select 1)", true},
		{"/* wye: role=primary */explain route select 1", "/* wye: role=primary */  select 1", true},
		{"explain /* wye: role=primary */ route select 1", " /* wye: role=primary */  select 1", true},
		{"explain route", "", true},
		{"explain route;", ";", true},
		{"explain route explain route select 1", " explain route select 1", true},
		{"explain", "", false},
		{"", "", false},
		{"--", "", false},
		{"explain select 1", "", false},
		{"explain routes", "", false},
		{"explains route select 1", "", false},
		{`explain "route" select 1`, "", false},
		{"explain (route) select 1", "", false},
		{"explainroute select 1", "", false},
		{"route explain select 1", "", false},
		{"explain r\x0fute select 1", "", false},
		{"select 1 -- explain route", "", false},
	} {
		rest, ok := ExplainRoute([]byte(c.sql))
		if string(rest) != c.rest || ok != c.ok {
			t.Errorf("%q: %q, %v", c.sql, rest, ok)
		}
	}
	sql := []byte("explain (costs off) select 1")
	if n := testing.AllocsPerRun(100, func() { ExplainRoute(sql) }); n > 0 && slow == 1 {
		t.Errorf("%v allocations", n)
	}
}
