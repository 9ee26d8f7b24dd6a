package h1serve

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &life{Context: context.WithValue(context.Background(), http.LocalAddrContextKey, "here")}
		before := l.Done()
		if l.Err() != nil || l.Value(http.LocalAddrContextKey) != "here" {
			t.Fatalf("%v, %v", l.Err(), l.Value(http.LocalAddrContextKey))
		}
		l.end()
		l.end()
		<-before
		<-l.Done()
		if l.Err() != context.Canceled {
			t.Errorf("ended with %v", l.Err())
		}
		late := &life{Context: context.Background()}
		late.end()
		<-late.Done()
	})
}

// TestLastWishes: each is called once, unless it was withdrawn before the end,
// whoever else made one and withdrew it.
func TestLastWishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &life{Context: context.Background()}
		var called [4]atomic.Int32
		wish := func(i int) func() bool { return l.AfterFunc(func() { called[i].Add(1) }) }
		first := wish(0)
		if !first() || first() {
			t.Error("withdrawn not once")
		}
		second, third := wish(1), wish(2)
		if first() || !second() {
			t.Error("the wrong one was withdrawn")
		}
		l.end()
		synctest.Wait()
		if third() {
			t.Error("withdrawn after the end")
		}
		if wish(3)() {
			t.Error("withdrawn, made after the end")
		}
		synctest.Wait()
		for i, want := range []int32{0, 0, 1, 1} {
			if n := called[i].Load(); n != want {
				t.Errorf("function %d was called %d times, want %d", i, n, want)
			}
		}
	})
}

// TestLifeOfOthers: what the standard library derives of a life ends with it,
// and leaves nothing behind when it ends before.
func TestLifeOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &life{Context: context.Background()}
		type key struct{}
		short, cancel := context.WithTimeout(context.WithValue(l, key{}, 1), time.Minute)
		stop := context.AfterFunc(l, func() { t.Error("called, though it was stopped") })
		cancel()
		if short.Err() != context.Canceled || !stop() || len(l.after) != 0 {
			t.Errorf("%v, and %d functions are left", short.Err(), len(l.after))
		}
		long, cancel := context.WithCancel(l)
		defer cancel()
		l.end()
		<-long.Done()
		if long.Err() != context.Canceled || context.Cause(long) != context.Canceled {
			t.Errorf("%v, for %v", long.Err(), context.Cause(long))
		}
	})
}
