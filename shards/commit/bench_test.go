package commit

import (
	"fmt"
	"testing"
)

// BenchmarkCommit is a transaction of one UPDATE per shard and its commit, on
// servers without fsync: what it shows is round trips and processor time.
func BenchmarkCommit(b *testing.B) {
	r := newRig(b, 3, nil)
	for writers := 1; writers <= 3; writers++ {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			c := r.coordinator(nil)
			var list []Participant
			for s := range writers {
				list = append(list, Participant{Shard: s, Conn: r.appConn(s), Wrote: true})
			}
			ctx := ctxOf(b)
			for b.Loop() {
				for _, p := range list {
					r.run(p, "BEGIN; UPDATE account SET balance = balance + 1 WHERE id = 1")
				}
				if out := c.Commit(ctx, list); out.Err != nil {
					b.Fatal(out.Err)
				}
			}
		})
	}
}
