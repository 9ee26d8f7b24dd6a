package stats

import (
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func count(p *Pool, queries int, each time.Duration) {
	var tally Tally
	for range queries {
		tally.Query(each)
	}
	p.Add(&tally)
}

// A database's totals stay when its pools go: a rate() over them must not see
// a counter run backwards.
func TestRetireKeepsTotals(t *testing.T) {
	r := NewRegistry(start)
	r.Database("empty")
	count(r.Pool("shop", "app"), 7, time.Millisecond)
	count(r.Pool("shop", "report"), 2, time.Millisecond)
	r.Retire("shop", "app")
	r.Retire("shop", "app")
	r.Retire("shop", "nobody")
	count(r.Pool("shop", "app"), 1, time.Millisecond)

	rows := r.Databases(start)
	if len(rows) != 2 || rows[0].Database != "empty" || rows[1].Database != "shop" {
		t.Fatalf("rows %+v", rows)
	}
	if rows[0].Total != (Counters{}) || rows[1].Total.Queries != 10 {
		t.Errorf("totals %+v", rows)
	}
}

func TestPoolIsOnePerName(t *testing.T) {
	r := NewRegistry(start)
	first := r.Pool("a", "bc")
	if again := r.Pool("a", "bc"); first != again || r.Pool("a", "bc") == r.Pool("ab", "c") {
		t.Error("pools are not one per (database, user)")
	}
}

// Averages cover what came since the last sample but one.
func TestAverages(t *testing.T) {
	r := NewRegistry(start)
	p := r.Pool("shop", "app")
	count(p, 6000, time.Millisecond)
	at := start.Add(Period)
	if got := average(r, at); got.Queries != 100 || got.QueryTime != 1000 {
		t.Errorf("first period: %+v", got)
	}
	r.Sample(at)
	at = at.Add(Period)
	r.Sample(at) // the first 6000 are now two samples away
	count(p, 1200, 3*time.Millisecond)
	at = at.Add(Period)
	if got := average(r, at); got.Queries != 10 || got.QueryTime != 3000 {
		t.Errorf("third period: %+v", got)
	}
}

func average(r *Registry, at time.Time) Averages {
	row := r.Databases(at)[0]
	return row.Recent.Over(row.Elapsed)
}

func TestNoTimeNoAverage(t *testing.T) {
	c := Counters{Queries: 5, QueryTime: time.Second}
	if got := c.Over(0); got != (Averages{}) {
		t.Errorf("over no time: %+v", got)
	}
	if got := (&Counters{WaitTime: time.Second}).Over(time.Second); got.WaitTime != 0 {
		t.Errorf("time without events: %+v", got)
	}
}

func TestGate(t *testing.T) {
	var g Gate
	g.Login(LoginOK)
	g.Login(LoginOK)
	g.Login(LoginBroken)
	g.Cancel()
	got := g.Read()
	if got.Logins[LoginOK] != 2 || got.Logins[LoginBroken] != 1 || got.Logins[LoginFailed] != 0 || got.Cancels != 1 {
		t.Errorf("read %+v", got)
	}
	if LoginBroken.String() != "broken" || LoginOK.String() != "ok" {
		t.Error("labels are out of step with the results")
	}
}

func TestReadMemory(t *testing.T) {
	m := ReadMemory()
	if m.Objects <= 0 || m.Goroutines < 1 || m.Total < m.Objects+m.Stacks || m.Other < 0 {
		t.Errorf("memory %+v", m)
	}
}
