package sqlparse

import (
	"strings"
	"testing"
)

func BenchmarkHit(b *testing.B) {
	r := newTestReader(b, 1<<20)
	for _, c := range frequent {
		sql := []byte(c.sql)
		r.Read(sql)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Read(sql)
			}
		})
		b.Run(c.name+"_parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r.Read(sql)
				}
			})
		})
	}
}

func BenchmarkMiss(b *testing.B) {
	for _, c := range frequent {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			u, sql := understander{limit: maxParse}, []byte(c.sql)
			for b.Loop() {
				u.understand(sql)
			}
		})
	}
}

// BenchmarkMissHandedOver is a miss with all that is around it: keys, flight,
// worker.
func BenchmarkMissHandedOver(b *testing.B) {
	r := newTestReader(b, 0)
	sql := []byte(frequent[0].sql)
	for b.Loop() {
		r.Read(sql)
	}
}

func BenchmarkScan(b *testing.B) {
	for _, c := range []struct{ name, sql string }{
		{"insert", "insert into t (a, b, c) values " + strings.Repeat("(12345, 'some text', null),", 40_000) + "(1, '', null)"},
		{"words", "select " + strings.Repeat("abc, ", 200_000) + "1"},
		{"statements", strings.Repeat("set a = 1;", 100_000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.sql)))
			sql := []byte(c.sql)
			for b.Loop() {
				Scan(sql)
			}
		})
	}
}
