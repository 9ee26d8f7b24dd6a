package shardplan

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// TestTemplate: a text of the same shape gets the analysis that it would get
// by itself.
func TestTemplate(t *testing.T) {
	p := fixture(t)
	for _, c := range []struct {
		shape  string
		values []any
		alike  bool
	}{
		{"select country, count(*) from users where age > %v group by country", []any{1, 0, 18, 999999999, "007"}, true},
		{"SELECT country, count(*) FROM users WHERE age > -%v GROUP BY country HAVING count(*) > 0.5", []any{1, 0, 18}, true},
		{"select country, count(*) from users where score < - %v and active group by 1 order by 2 limit 5", []any{"0.5", "12.75"}, true},
		{"select id from orders where %v <= total or not status = 'open' order by id limit 3", []any{4, 5}, true},
		{"select name from users where name = '%v' and id > $1", []any{"x", "", "ä ö", "; drop", "--"}, true},
		{"select count(*) from users where name like '%v'", []any{"a%", "%b_"}, true},
		{"select count(*) from users where age between %v and 7", []any{1, 6}, true},
		{"select count(*) from users where created_at > '%v'", []any{"2024-01-01", "yesterday"}, false},
		{"select sum(o.total) from users u join orders o on o.user_id = u.id where u.age = %v", []any{3, 4}, true},
	} {
		first := fmt.Sprintf(c.shape, c.values[0])
		tpl, ok := p.Template(p.Analyze(first, []string{"public"}), first, []string{"public"})
		if !ok || tpl.Alike() != c.alike {
			t.Errorf("%s: %v", first, ok)
			continue
		}
		for _, v := range c.values {
			sql := fmt.Sprintf(c.shape, v)
			got, ok := tpl.Analysis([]byte(sql))
			if !ok {
				t.Errorf("%s is not of the shape", sql)
				continue
			}
			wantPlan := p.Analyze(strings.ReplaceAll(sql, "007", "7"), []string{"public"}).Plan(nil, Options{})
			gotPlan := got.Plan(nil, Options{})
			if s, ok := gotPlan.(*plan.Scatter); ok {
				for i, leg := range s.Legs {
					s.Legs[i].SQL = strings.NewReplacer("007", "7", "-0 ", "0 ").Replace(leg.SQL)
				}
			}
			if !reflect.DeepEqual(gotPlan, wantPlan) {
				t.Errorf("%s\n%s\nwant\n%s", sql, gotPlan, wantPlan)
			}
		}
	}
}

// TestTemplateIsNotFor: where a literal decides, or the text is of another
// class, the text is analyzed.
func TestTemplateIsNotFor(t *testing.T) {
	p := fixture(t)
	for _, sql := range []string{
		"select count(*) from users", "select count(*) from users where id = 42 or id = 43", "select count(*) from readings where day < '2024-03-01'",
		"select count(*) from users where 1 = 0", "select country, count(*) from users group by 1 limit 5", "select count(*) from users where age + 1 > 2",
		"select count(*) from users where age = any ('{1,2}')", "select count(*) from users where created_at > timestamp 'now'",
		"select count(*) from users where exists (select 1 from orders where user_id = users.id and total > 5)",
		"select count(*) from users where name = E'x'", "select count(*) from users where age > 3000000000", "select count(*) from users where age in (1, 2)",
		"insert into users (id, age) select id, 3 from users where age > 5", "select count(*) from users where age > 9876543; select 1",
		"select id from (select id, age from users limit 5) u where age > 5", "declare c cursor for select id from users where age > 5",
		"update users set age = 5 where age > 4", "select count(*) from users where name = 'it''s'", `select count(*) from users where name = 'a\b'`,
	} {
		if _, ok := p.Template(p.Analyze(sql, []string{"public"}), sql, []string{"public"}); ok {
			t.Errorf("%s has a template", sql)
		}
	}
	const first = "select country, count(*) from users where age > 5 and name = 'x' and score > 0.5 group by 1 order by 2 limit 3"
	tpl, ok := p.Template(p.Analyze(first, []string{"public"}), first, []string{"public"})
	if !ok {
		t.Fatal("no template")
	}
	for _, r := range [][2]string{
		{"5 and", "3000000000 and"}, {"5 and", "5.5 and"}, {"'x'", "'it''s'"}, {"'x'", `'a\b'`}, {"'x'", "E'x'"}, {"'x'", "'\xff'"}, {"0.5", "5"}, {"0.5", ".5"},
		{"0.5", "0.5e3"}, {"limit 3", "limit 4"}, {"by 1", "by 2"}, {" and score > 0.5", ""}, {"'x'", "'" + strings.Repeat("x", maxTemplate) + "'"},
	} {
		if _, ok := tpl.Analysis([]byte(strings.Replace(first, r[0], r[1], 1))); ok {
			t.Errorf("a template takes %s for %s", r[1], r[0])
		}
	}
}

// TestTemplatesOfGoldens: all statements of the golden files, with the
// literals that are lifted changed.
func TestTemplatesOfGoldens(t *testing.T) {
	p := fixture(t)
	files, err := filepath.Glob(filepath.Join(plantest.Dir(), "*", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	other := map[literalClass]string{classWhole: "31", classDecimal: "4.25", classText: "'other'"}
	made := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for block := range strings.SplitSeq(string(text), "\n\n") {
			_, sql, _ := strings.Cut(block, "\n")
			sql, _, _ = strings.Cut(sql, "\n----")
			tpl, ok := p.Template(p.Analyze(sql, []string{"public"}), sql, []string{"public"})
			if !ok {
				continue
			}
			made++
			found, _ := sqlparse.Literals(nil, []byte(sql))
			var b strings.Builder
			from := 0
			for i, w := range found {
				if word := other[tpl.literals[i].class]; word != "" {
					b.WriteString(sql[from:w.From] + word)
					from = w.To
				}
			}
			b.WriteString(sql[from:])
			got, ok := tpl.Analysis([]byte(b.String()))
			if !ok || !reflect.DeepEqual(got, p.Analyze(b.String(), []string{"public"})) {
				t.Errorf("%s\nbecomes\n%s: %v", sql, b.String(), ok)
			}
		}
	}
	if made < 15 {
		t.Errorf("only %d templates were made", made)
	}
	t.Logf("%d templates", made)
}

func BenchmarkTemplate(b *testing.B) {
	p := fixture(b)
	const sql = "select country, count(*) from users where age > 5 group by country having count(*) > 0.5"
	b.Run("analyze", func(b *testing.B) {
		for b.Loop() {
			p.Analyze(sql, []string{"public"})
		}
	})
	b.Run("template", func(b *testing.B) {
		t, ok := p.Template(p.Analyze(sql, []string{"public"}), sql, []string{"public"})
		if !ok {
			b.Fatal("no template")
		}
		b.ReportAllocs()
		for b.Loop() {
			t.Analysis([]byte(sql))
		}
	})
}
