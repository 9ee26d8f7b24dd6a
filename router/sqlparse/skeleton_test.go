package sqlparse

import (
	"strings"
	"testing"
)

var marks = strings.NewReplacer("\x01", "«i»", "\x02", "«n»", "\x03", "«s»", "\x04", "«b»", "\x05", "«x»")

func TestSkeleton(t *testing.T) {
	for _, c := range []struct{ sql, want string }{
		{"select 1", "select «i»"},
		{"select -1, +2.5, .5, 1., 1e5, 1E-5, 1_000", "select -«i», +«n», «n», «n», «n», «n», «i»"},
		{"select 123456789, 1234567890, 0x1F, 0b1, 0o7", "select «i», «n», «n», «n», «n»"},
		{"select 1..2", "select «i»..«i»"},
		{"select a1, $1, a$1, _2", "select a1, $1, a$1, _2"},
		{"select $12+$3", "select $12+$3"},
		{"select 'a', '', 'it''s', 'a\\'", "select «s», «s», «s», «s»"},
		{`select e'a\'b', E'\\', E''''`, "select «s», «s», «s»"},
		{"select E'a'\n 'b\\'c', 1", "select «s», «i»"},
		{"select E'a' --x'\n 'b\\'c', 1", "select «s», «i»"},
		{"select E'a' 'b\\', 1", "select «s» «s», «i»"},
		{"select fooe'b'", "select fooe«s»"},
		{"select n'b', b'1', B'0', x'f', X'F'", "select n«s», «b», «b», «x», «x»"},
		{`select U&'d\0061t', u&'x' uescape '!'`, "select «s», «s» uescape «s»"},
		{`select U & 'x', u&1`, "select U & «s», u&«i»"},
		{"select $$a'b$$, $t$ $$ $u$ $t$, $é$1$é$", "select «s», «s», «s»"},
		{"select $1$2", "select $1$2"},
		{"select 1$a$x$a$", "select «i»«s»"},
		{"select a$b$c$b$", "select a$b$c$b$"},
		{`select "a'b", "a""b'", 'x'`, `select "a'b", "a""b'", «s»`},
		{"select/*a /* b */ ' */1--x'\n,2", "select «i» \n,«i»"},
		{"select 1 /* x", "select «i»  "},
		{"select 1 - -1", "select «i» - -«i»"},
		{"select 1+--2\n3", "select «i»+ \n«i»"},
		{"/* wye: shard=1 */ select 1", "/* wye: shard=1 */ select «i»"},
		{"/* wye shard=1 */ select 1 -- a wye: b", "  select «i»  "},
		{"--wye: shard=1\nselect 1", "--wye: shard=1\nselect «i»"},
		{"select 'open", "select «s»"},
		{"select $$open", "select «s»"},
		{`select "open`, `select "open`},
		{"select é'x'", "select é«s»"},

		{"a in (1, 2,3)", "a in («i»)"},
		{"a IN ( 1 , 2 )", "a IN ( «i»)"},
		{"a in (1, 'x', 'y', 2)", "a in («i», «s», «i»)"},
		{"a in (1, 2+3)", "a in («i», «i»+«i»)"},
		{"a in (1, 2::int, 3)", "a in («i», «i»::int, «i»)"},
		{"a in (1, -2, -3)", "a in («i», -«i», -«i»)"},
		{"a in ($1, $2)", "a in ($1, $2)"},
		{"a in (1, b, 2)", "a in («i», b, «i»)"},
		{"a in (1, /* x */ 2 /* y */)", "a in («i»)"},
		{"a in (1, /* wye: x */ 2)", "a in («i», /* wye: x */ «i»)"},
		{"a in ('x', E'y', $$z$$)", "a in («s»)"},
		{"in (1, 2::int), array[], in (,1)", "in («i», «i»::int), array[], in (,«i»)"},
		{"f(1, 2)", "f(«i», «i»)"},
		{"t.in (1, 2)", "t.in («i», «i»)"},
		{"array[1,2,3], array[[1,2],[3,4]]", "array[«i»], array[[«i»,«i»],[«i»,«i»]]"},

		{"values (1,'a'),(2,'b'), (3,'c')", "values («i»,«s»)"},
		{"values (1,'a'),(2,null),(3,null),(4,'b')", "values («i»,«s»),(«i»,null),(«i»,«s»)"},
		{"values (f(1)),(f(2)) returning id", "values (f(«i»)) returning id"},
		{"values (1),(2) on conflict (a) do update set b=(1),c=(2)", "values («i») on conflict (a) do update set b=(«i»),c=(«i»)"},
		{"values ($1,$2),($3,$4)", "values ($1,$2),($3,$4)"},
		{"values (in_(1,(2))),(in_(3,(4)))", "values (in_(«i»,(«i»)))"},
		{"values (1) \"a\", (1)", "values («i») \"a\", («i»)"},
		{"values (1) 2, (1)", "values («i») «i», («i»)"},
		{"values (1) x, (1)", "values («i») x, («i»)"},
		{"select values, (1), (2)", "select values, («i»), («i»)"},
		{"select t.values (1), (2)+(3)", "select t.values («i»), («i»)+(«i»)"},
		{"select t . /**/ values (1), (2)+(3)", "select t .   values («i»), («i»)+(«i»)"},
		{"values (1),(2); values (3,4),(5,6)", "values («i»); values («i»,«i»)"},
		{"values ((values (1),(2))),((values (3)))", "values ((values («i»),(«i»))),((values («i»)))"},
		{"values (a in (1,2)),(a in (3))", "values (a in («i»))"},
	} {
		got, exact := makeSkeleton(nil, []byte(c.sql))
		if exact || marks.Replace(string(got)) != c.want {
			t.Errorf("%s\n got %s (exact %v)\nwant %s", c.sql, marks.Replace(string(got)), exact, c.want)
		}
	}
}

func TestSkeletonExact(t *testing.T) {
	for _, sql := range []string{"select \x03", "select \x00 1", `select U&"x" uescape '!'`, `select u&"x"`} {
		if _, exact := makeSkeleton(nil, []byte(sql)); !exact {
			t.Errorf("%q: literals taken out", sql)
		}
	}
}
