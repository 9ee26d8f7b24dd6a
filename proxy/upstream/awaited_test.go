package upstream

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestTakeAwaitsFirstChecks replaces all servers of a pool at once, as
// discovery may: until the first check of a new one has passed nobody is in
// rotation, and a request waits for that rather than fail.
func TestTakeAwaitsFirstChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pr := newProber()
		p, err := New(Options{Prober: pr}, Settings{}, []Target{{Addr: "a"}})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		synctest.Wait()
		pr.dawdle(100 * time.Millisecond)
		if err := p.Use(Settings{}, []Target{{Addr: "b"}}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		u, err := p.Take(t.Context(), Want{})
		if err != nil || u.Addr != "b" || time.Since(began) != 100*time.Millisecond {
			t.Fatalf("%v, %v after %v", u, err, time.Since(began))
		}
		u.End(p.Now(), 0, true)

		pr.set("c", errors.New("refused"))
		if err := p.Use(Settings{}, []Target{{Addr: "c"}}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		if u, err := p.Take(t.Context(), Want{}); !errors.Is(err, ErrNobody) || time.Since(began) != 100*time.Millisecond {
			t.Fatalf("%v, %v after %v: its first check failed", u, err, time.Since(began))
		}
	})
}
