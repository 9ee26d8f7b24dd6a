package watch

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// s: slow, g: gone, p: pass; upper-case shows up after it.
func TestHealth(t *testing.T) {
	for _, c := range []struct{ play, want string }{
		{"p", "u"}, {"s", "d"}, {"psp", "uuu"}, {"pssp", "uudd"}, {"psspp", "uuddu"}, {"pgpp", "uddu"}, {"pgpsp", "udddd"}, {"spp", "ddu"}, {"gpgpp", "ddddu"},
	} {
		var h health
		got := ""
		for _, step := range c.play {
			switch step {
			case 'p':
				h.pass(2)
			case 's':
				h.fail(false, 2)
			case 'g':
				h.fail(true, 2)
			}
			got += map[bool]string{true: "u", false: "d"}[h.up]
		}
		if got != c.want {
			t.Errorf("%s goes %s, want %s", c.play, got, c.want)
		}
	}
}

func TestAHangingServer(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(1, func(s *fakeServer) { s.hangs = true })
		from := f.now()
		for w.Replica(1) {
			time.Sleep(10 * time.Millisecond)
		}
		asked := f.server(1).asked
		if took := f.now() - asked[len(asked)-1]; took > 260*time.Millisecond {
			t.Errorf("a hanging replica was read for %v after it was asked", took)
		}
		time.Sleep(10 * time.Second)
		if n := f.asks(0, from); n < 10 {
			t.Errorf("the primary was asked %d times while a replica hangs", n)
		}
		f.change(1, func(s *fakeServer) { s.hangs = false })
		time.Sleep(1600 * time.Millisecond)
		if !w.Replica(1) {
			t.Error("it is back and not read")
		}
		from = f.now()
		f.change(0, func(s *fakeServer) { s.hangs = true })
		for ok := true; ok; _, ok = w.Primary() {
			time.Sleep(10 * time.Millisecond)
		}
		if took := f.now() - from; took > 2100*time.Millisecond {
			t.Errorf("a hanging primary was the primary for %v", took)
		}
	})
}

func TestASuspicion(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		if err := w.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		drops := f.server(1).drops
		w.Suspect(1)
		if w.Replica(1) || w.o.Clock.FreshAsOf(1) != 0 {
			t.Error("a suspected replica is read, or fresh")
		}
		if _, ok := w.Primary(); !ok {
			t.Error("the primary is suspected, too")
		}
		time.Sleep(2 * trip)
		synctest.Wait()
		if !w.Replica(1) || f.server(1).drops != drops+1 {
			t.Errorf("read again: %v, over a new connection: %d", w.Replica(1), f.server(1).drops-drops)
		}
		w.Suspect(0)
		if _, ok := w.Primary(); ok {
			t.Error("a suspected primary is handed out")
		}
		if p, err := w.AwaitPrimary(t.Context()); p != 0 || err != nil {
			t.Errorf("primary is %d, %v", p, err)
		}
	})
}

// Many sessions find their connections dead one after another: each may
// doubt the server, none may keep it out for long.
func TestManySuspicions(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		out := 0
		for range 1000 {
			w.Suspect(1)
			time.Sleep(trip / 2)
			if !w.Replica(1) {
				out++
			}
		}
		if out > 900 {
			t.Errorf("out in %d of 1000 looks", out)
		}
	})
}

// A probe that was under way when a server came under suspicion does not
// clear it.
func TestAnOldAnswerProvesNothing(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		w.Look()
		time.Sleep(trip / 2)
		f.change(1, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(1)
		w.takeInOldAnswer(1)
		if w.Replica(1) || w.o.Clock.FreshAsOf(1) != 0 {
			t.Error("cleared")
		}
		time.Sleep(100 * time.Millisecond)
		if w.Replica(1) {
			t.Error("a refusing replica is read")
		}
	})
}

func (w *Watcher) takeInOldAnswer(node int) {
	n := w.nodes[node]
	w.takeIn(n, answer{asked: n.accused - 1, report: Report{Asked: n.accused - 1, InRecovery: true, Timeline: 1, System: "sys", Position: 5000}})
}

func TestWhatServersSay(t *testing.T) {
	for _, c := range []struct {
		why     string
		err     error
		primary bool // after one probe
	}{
		{"shutting down", refusal("57P03"), false},
		{"no more connections", refusal("53300"), true},
		{"a wrong password, once", refusal("28P01"), true},
		{"refused", errRefused, false},
	} {
		t.Run(c.why, func(t *testing.T) {
			play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
				f.change(0, func(s *fakeServer) { s.err = c.err })
				w.Look()
				time.Sleep(3 * trip)
				if _, ok := w.Primary(); ok != c.primary {
					t.Errorf("is the primary: %v, want %v", ok, c.primary)
				}
			})
		})
	}
}

func TestRiseAfterAFall(t *testing.T) {
	play(t, func(o *Options) { o.Rise = 3 }, func(t *testing.T, f *fakes, w *Watcher) {
		f.change(1, func(s *fakeServer) { s.err = errRefused })
		w.Suspect(1)
		time.Sleep(time.Minute)
		from := f.now()
		f.change(1, func(s *fakeServer) { s.err = nil })
		for !w.Replica(1) {
			time.Sleep(trip)
		}
		if n := f.asks(1, from); n != 3 {
			t.Errorf("read after %d answers, want 3", n)
		}
		if w.o.Clock.FreshAsOf(1) == 0 {
			t.Error("read and not fresh")
		}
	})
}

// A crashed standby comes back older: what it said before must not count.
func TestALostConnectionForgets(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		if err := w.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		young := w.o.Clock.FreshAsOf(1)
		f.change(1, func(s *fakeServer) { s.position = 900 })
		w.Suspect(1)
		time.Sleep(10 * trip)
		if as := w.o.Clock.FreshAsOf(1); as >= young || as >= freshness.Now() {
			t.Errorf("fresh as of %d", as)
		}
	})
}

func TestAFailedProbeForgets(t *testing.T) {
	play(t, nil, func(t *testing.T, f *fakes, w *Watcher) {
		if err := w.SampleNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.change(1, func(s *fakeServer) { s.err = refusal("28P01") })
		w.Look()
		time.Sleep(2 * trip)
		if as := w.o.Clock.FreshAsOf(1); as != 0 {
			t.Errorf("fresh as of %d after a probe that failed", as)
		}
	})
}
