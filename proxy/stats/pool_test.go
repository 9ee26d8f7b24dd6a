package stats

import (
	"maps"
	"sync"
	"testing"
	"time"
	"unsafe"
)

func TestCellFillsLines(t *testing.T) {
	if size := unsafe.Sizeof(cell{}); size%64 != 0 {
		t.Errorf("a cell is %d bytes, not a multiple of a cache line: two cells share one", size)
	}
}

func TestPoolAdd(t *testing.T) {
	var p Pool
	var tally Tally
	tally.Query(200 * time.Microsecond)
	tally.Query(250 * time.Microsecond)
	tally.Query(time.Minute)
	tally.Xact(time.Second)
	tally.Assigned(3 * time.Millisecond)
	tally.Received, tally.Sent, tally.Binds, tally.Logins = 10, 20, 3, 1
	p.Add(&tally)
	p.Add(&tally) // zeroed: adds nothing

	got := p.Read()
	want := Counters{Xacts: 1, Queries: 3, Assignments: 1, Received: 10, Sent: 20, XactTime: time.Second,
		QueryTime: time.Minute + 450*time.Microsecond, WaitTime: 3 * time.Millisecond, Binds: 3, Logins: 1}
	if got.Counters != want {
		t.Errorf("counters\n got %+v\nwant %+v", got.Counters, want)
	}
	if got.QueryHist[0] != 2 || got.QueryHist[bucketCount-1] != 1 || got.QueryHist.Count() != 3 {
		t.Errorf("query histogram %v", got.QueryHist)
	}
	if got.WaitHist[4] != 1 || got.WaitHist.Count() != 1 {
		t.Errorf("wait histogram %v: 3 ms belongs into the bucket up to 5 ms", got.WaitHist)
	}
}

func TestPoolConcurrent(t *testing.T) {
	var p Pool
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			var tally Tally
			for range 500 {
				tally.Query(time.Millisecond)
				p.Add(&tally)
			}
		})
	}
	wg.Go(func() { p.Read() })
	wg.Wait()
	if r := p.Read(); r.Queries != 10000 || r.QueryHist.Count() != 10000 || r.QueryTime != 10*time.Second {
		t.Errorf("read %+v", r.Counters)
	}
}

func TestRare(t *testing.T) {
	var p Pool
	for _, code := range []string{"23505", "23503", "57014", "zz999", "1", "\xff\xff000"} {
		p.Failed(code)
	}
	p.Pinned("temporary table")
	p.Pinned("temporary table")
	p.Unpinned("temporary table")
	p.Unpinned("never pinned")
	r := p.Read()
	if want := map[string]int64{"23": 2, "57": 1, other: 3}; !maps.Equal(r.Errors, want) {
		t.Errorf("errors %v, want %v", r.Errors, want)
	}
	if want := map[string]PinCount{"temporary table": {Now: 1, Total: 2}}; !maps.Equal(r.Pins, want) {
		t.Errorf("pins %v, want %v", r.Pins, want)
	}
}

// A server may send any SQLSTATE: the labels must not grow without bound.
func TestRareIsBounded(t *testing.T) {
	var p Pool
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, a := range letters {
		for _, b := range letters {
			p.Failed(string(a) + string(b) + "000")
			p.Pinned(string(a) + string(b))
		}
	}
	r := p.Read()
	if len(r.Errors) != maxErrorClasses+1 || r.Errors[other] != 26*26-maxErrorClasses {
		t.Errorf("%d classes, %d others", len(r.Errors), r.Errors[other])
	}
	if len(r.Pins) != maxPinReasons+1 || r.Pins[other].Now != 26*26-maxPinReasons {
		t.Errorf("%d reasons, others %+v", len(r.Pins), r.Pins[other])
	}
}

func TestReadingAdd(t *testing.T) {
	var p, q Pool
	var tally Tally
	tally.Query(time.Millisecond)
	p.Add(&tally)
	p.Failed("23505")
	p.Pinned("listen")
	q.Failed("23505")
	sum, more := p.Read(), q.Read()
	sum.Add(&more)
	if sum.Queries != 1 || sum.Errors["23"] != 2 || sum.Pins["listen"].Now != 1 {
		t.Errorf("sum %+v", sum)
	}
	if p.Read().Errors["23"] != 1 {
		t.Error("the sum changed the pool")
	}
}

// The hot path: a session counts one query and flushes it. Budget 30 ns.
func BenchmarkPoolAdd(b *testing.B) {
	var p Pool
	var tally Tally
	b.ReportAllocs()
	for b.Loop() {
		tally.Received += 60
		tally.Sent += 120
		tally.Assigned(0)
		tally.Query(80 * time.Microsecond)
		tally.Xact(80 * time.Microsecond)
		p.Add(&tally)
	}
}

func BenchmarkPoolAddParallel(b *testing.B) {
	var p Pool
	b.RunParallel(func(pb *testing.PB) {
		var tally Tally
		for pb.Next() {
			tally.Assigned(0)
			tally.Query(80 * time.Microsecond)
			tally.Xact(80 * time.Microsecond)
			p.Add(&tally)
		}
	})
}
