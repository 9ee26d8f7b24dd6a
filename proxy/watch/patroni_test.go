package watch

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Answers of Patroni 3.0.2 with two members on PostgreSQL 15, taken around a
// kill -9 of the first: before, while the leader's key had run out, while the
// second was being promoted, after, and as the first came back.
const (
	beforeKill   = `{"members": [{"name": "n1", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:28001/patroni", "host": "127.0.0.1", "port": 25431, "timeline": 1}, {"name": "n2", "role": "replica", "state": "running", "api_url": "http://127.0.0.1:28002/patroni", "host": "127.0.0.1", "port": 25432, "timeline": 1, "lag": 0}]}`
	noLeader     = `{"members": [{"name": "n2", "role": "replica", "state": "running", "api_url": "http://127.0.0.1:28002/patroni", "host": "127.0.0.1", "port": 25432, "timeline": 1, "lag": 0}]}`
	afterPromote = `{"members": [{"name": "n2", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:28002/patroni", "host": "127.0.0.1", "port": 25432, "timeline": 2}]}`
	comesBack    = `{"members": [{"name": "n1", "role": "replica", "state": "stopped", "api_url": "http://127.0.0.1:28001/patroni", "host": "127.0.0.1", "port": 25431, "lag": "unknown"}, {"name": "n2", "role": "leader", "state": "running", "api_url": "http://127.0.0.1:28002/patroni", "host": "127.0.0.1", "port": 25432, "timeline": 2}]}`
	onePatroni   = `{"state": "running", "postmaster_start_time": "2026-11-21 04:20:51.053284+00:00", "role": "master", "server_version": 150018, "xlog": {"location": 50331744}, "timeline": 1, "patroni": {"version": "3.0.2", "scope": "demo"}}`
)

func TestReadPatroni(t *testing.T) {
	nodes := []string{"127.0.0.1:25431", "127.0.0.1:25432"}
	member := func(role, host string, port int) string {
		return fmt.Sprintf(`{"name":"x","role":%q,"host":%q,"port":%d}`, role, host, port)
	}
	list := func(members ...string) string { return `{"members":[` + strings.Join(members, ",") + `]}` }
	for _, c := range []struct {
		why, body string
		known     bool
		leader    int
		err       string
	}{
		{"before", beforeKill, true, 0, ""},
		{"no leader's key", noLeader, true, nobody, ""},
		{"promoted", afterPromote, true, 1, ""},
		{"a stopped member", comesBack, true, 1, ""},
		{"called primary", list(member("primary", "127.0.0.1", 25432)), true, 1, ""},
		{"called master", list(member("master", "127.0.0.1", 25432)), true, 1, ""},
		{"a standby cluster's leader takes no writes", list(member("standby_leader", "127.0.0.1", 25431)), true, nobody, ""},
		{"a synchronous standby", list(member("sync_standby", "127.0.0.1", 25431), member("leader", "127.0.0.1", 25432)), true, 1, ""},
		{"other addresses, no leader", list(member("replica", "10.0.0.1", 5432)), false, nobody, ""},
		{"other addresses", list(member("leader", "10.0.0.1", 5432)), false, 0, "no server of this cluster"},
		{"not /cluster", onePatroni, false, 0, "no members"},
		{"nothing", ``, false, 0, "unexpected end"},
		{"no JSON", `<html>`, false, 0, "invalid character"},
	} {
		h, err := readPatroni([]byte(c.body), nodes)
		said := lacking(err)
		if h.known != c.known || c.err == "" && h.leader != c.leader || (err != nil) != (c.err != "") || !strings.Contains(said, c.err) {
			t.Errorf("%s: reads as %+v, %q", c.why, h, said)
		}
	}
}

func FuzzReadPatroni(f *testing.F) {
	for _, body := range []string{beforeKill, noLeader, comesBack, onePatroni} {
		f.Add([]byte(body))
	}
	nodes := []string{"127.0.0.1:25431", "127.0.0.1:25432"}
	f.Fuzz(func(t *testing.T, body []byte) {
		h, err := readPatroni(body, nodes)
		if h.leader < nobody || h.leader >= len(nodes) || err != nil && h.known {
			t.Errorf("%q reads as %+v, %v", body, h, err)
		}
	})
}

// fakePatroni answers as told; empty is an error.
type fakePatroni struct {
	body  atomic.Value
	asked atomic.Int64
}

func (p *fakePatroni) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.asked.Add(1)
	body := p.body.Load().(string)
	if r.URL.Path != "/cluster" || body == "" {
		http.Error(w, "no", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, body)
}

// withPatroni watches two fake servers and a fake Patroni, in real time.
func withPatroni(t *testing.T, body string) (*fakePatroni, *fakes, *watched) {
	p := new(fakePatroni)
	p.body.Store(body)
	api := httptest.NewServer(p)
	t.Cleanup(api.Close)
	f := &fakes{began: time.Now(), servers: []*fakeServer{
		{timeline: 1, position: 1000}, {recovering: true, timeline: 1, position: 1000},
	}}
	w := &watched{t: t, clock: new(freshness.Clock)}
	w.Watcher = New(Options{
		Nodes: []string{"127.0.0.1:25431", "127.0.0.1:25432"}, Ask: f, Clock: w.clock, OnChange: w.log.add,
		Patroni: []string{"http://127.0.0.1:1", api.URL + "/"}, Timeout: generous,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	w.Start()
	t.Cleanup(w.Close)
	w.until("Patroni was asked", func() bool { return w.hinted().known || body == "" })
	return p, f, w
}

func (w *watched) hinted() hint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hint
}

func TestPatroniForbids(t *testing.T) {
	p, f, w := withPatroni(t, beforeKill)
	w.until("there is a primary", w.primaryIs(0))
	f.change(0, func(s *fakeServer) { s.err = errRefused })
	w.Suspect(0)
	w.until("it is lost", func() bool { return w.log.count(PrimaryLost, 0) == 1 })

	f.change(1, func(s *fakeServer) { s.recovering, s.timeline = false, 2 })
	before := p.asked.Load()
	w.until("Patroni is asked about the new one", func() bool { return p.asked.Load() > before+1 })
	if _, ok := w.Primary(); ok {
		t.Error("a server became the primary that Patroni calls a replica")
	}
	p.body.Store(noLeader)
	w.until("the hint is taken in", func() bool { return w.hinted().leader == nobody })
	if _, ok := w.Primary(); ok {
		t.Error("a server became the primary while Patroni has no leader")
	}
	p.body.Store(afterPromote)
	w.until("the leader is the primary", w.primaryIs(1))
}

func TestPatroniThatIsAwayForbidsNothing(t *testing.T) {
	p, f, w := withPatroni(t, beforeKill)
	w.until("there is a primary", w.primaryIs(0))
	f.change(0, func(s *fakeServer) { s.err = errRefused })
	w.Suspect(0)
	p.body.Store("")
	f.change(1, func(s *fakeServer) { s.recovering, s.timeline = false, 2 })
	w.until("the promoted one is the primary", w.primaryIs(1))
}

// What Patroni says is looked into at once, and not believed.
func TestPatroniHastens(t *testing.T) {
	p, f, w := withPatroni(t, beforeKill)
	w.until("there is a primary", w.primaryIs(0))
	p.body.Store(afterPromote)
	w.until("the hint is taken in", func() bool { return w.hinted().leader == 1 })
	if !w.primaryIs(0)() {
		t.Error("a hint deposed the primary")
	}
	f.change(1, func(s *fakeServer) { s.recovering, s.timeline = false, 2 })
	w.until("the leader is the primary", w.primaryIs(1))
}

func TestPatroniWithoutEnd(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for chunk := strings.Repeat("[", 1<<16); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}))
	defer api.Close()
	body, err := fetch(t.Context(), api.Client(), api.URL)
	if err != nil || len(body) != maxPatroni {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
}
