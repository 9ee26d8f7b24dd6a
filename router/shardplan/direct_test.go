package shardplan

import (
	"fmt"
	"testing"

	"github.com/wyeproxy/wye/router/plan"
)

// TestDirect: a text of the same shape goes where its own analysis sends it.
func TestDirect(t *testing.T) {
	p := fixture(t)
	for _, shape := range []string{
		"select * from users where id = %s", "update users set age = 3 where %s = id and age > 4", "delete from orders where user_id = %s returning 7",
		"select u.name, 1 from users u join orders o on o.user_id = u.id where u.id = %s limit 5", "select * from users where id = '%s'", "select * from users where id = -%s",
	} {
		sql := fmt.Sprintf(shape, "42")
		d, ok := p.Analyze(sql, []string{"public"}).Direct()
		if !ok {
			if shape != "select * from users where id = -%s" {
				t.Errorf("%s has no program", sql)
			}
			continue
		}
		for _, v := range []string{"1", "2", "3", "77", "123456789", "0", "7"} {
			sql := fmt.Sprintf(shape, v)
			want := p.Analyze(sql, []string{"public"}).Plan(nil, Options{})
			if got, ok := d.Route([]byte(sql), plan.Primary); !ok || got != want {
				t.Errorf("%s: %v %v, want %v", sql, got, ok, want)
			}
		}
	}
	for _, sql := range []string{
		"select * from users", "select * from users where id = 42 or id = 43", "select * from (select id, count(*) from users group by 1) u where id = 42",
		"select * from users where id = 42 + 1", "insert into users (id, name) values (42, 'x')", "select * from pairs where tenant = 'a' and id = 1",
		"select * from users where id = 42; select 1", "update audited set n = 1 where user_id = 42", "update pgbench_accounts set aid = 4 where aid = 42",
	} {
		if _, ok := p.Analyze(sql, []string{"public"}).Direct(); ok {
			t.Errorf("%s has a program", sql)
		}
	}
}

// TestNoMemory: what most statements are must take none.
func TestNoMemory(t *testing.T) {
	p := fixture(t)
	args := []plan.Arg{{OID: 20, Value: []byte("12345")}}
	a := p.Analyze("select abalance from pgbench_accounts where aid = $1", []string{"public"})
	text := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 54321")
	d, _ := p.Analyze("SELECT abalance FROM pgbench_accounts WHERE aid = 12345", []string{"public"}).Direct()
	tokens := p.Analyze("select * from sites where name = $1", []string{"public"})
	names := []plan.Arg{{OID: 25, Value: []byte("north")}}
	for name, f := range map[string]func(){
		"parameter": func() { a.Plan(args, Options{}) }, "literal": func() { d.Route(text, plan.Primary) }, "text": func() { tokens.Plan(names, Options{}) },
	} {
		if n := testing.AllocsPerRun(100, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	p := fixture(b)
	b.Run("literal", func(b *testing.B) {
		d, _ := p.Analyze("SELECT abalance FROM pgbench_accounts WHERE aid = 12345", []string{"public"}).Direct()
		sql := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 54321")
		b.ReportAllocs()
		for b.Loop() {
			d.Route(sql, plan.Primary)
		}
	})
	b.Run("parameter", func(b *testing.B) {
		a := p.Analyze("SELECT abalance FROM pgbench_accounts WHERE aid = $1", []string{"public"})
		args := []plan.Arg{{OID: 23, Format: 1, Value: []byte{0, 0, 48, 57}}}
		b.ReportAllocs()
		for b.Loop() {
			a.Plan(args, Options{})
		}
	})
	b.Run("analyze", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Analyze("SELECT abalance FROM pgbench_accounts WHERE aid = $1", []string{"public"})
		}
	})
}
