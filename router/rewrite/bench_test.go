package rewrite

import "testing"

func BenchmarkSelect(b *testing.B) {
	for _, c := range []struct{ name, sql string }{
		{"merge", "SELECT user_id, name FROM users WHERE active AND score > $1 ORDER BY score DESC, user_id LIMIT 20"},
		{"group", "SELECT status, count(*), avg(amount) FROM orders WHERE qty > $1 GROUP BY status HAVING count(*) > 3 ORDER BY 2 DESC LIMIT 5"},
		{"stddev", "SELECT stddev(amount) FROM orders"},
	} {
		b.Run(c.name, func(b *testing.B) {
			stmt := parse(b, c.sql)
			scope := newFlat(stmt)
			b.ReportAllocs()
			for b.Loop() {
				if _, no := Select(stmt, scope); no != nil {
					b.Fatal(no)
				}
			}
		})
	}
}
