package discover

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"
)

// agent answers as a Consul agent does: by the documentation of its blocking
// queries, for no Consul server is to be had from Debian. It blocks while the
// index is the one that was asked for, and may lose its memory.
type agent struct {
	*httptest.Server
	mu      sync.Mutex
	changed *sync.Cond
	index   uint64
	rows    []consulEntry
	status  int
	asked   []string // indexes of the questions
	token   string
}

func newAgent(t *testing.T) *agent {
	a := &agent{index: 7, status: http.StatusOK}
	a.changed = sync.NewCond(&a.mu)
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(func() { a.set(0, http.StatusOK); a.CloseClientConnections(); a.Close() })
	return a
}

func (a *agent) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := r.URL.Query()
	a.asked, a.token = append(a.asked, q.Get("index")), r.Header.Get("X-Consul-Token")
	if r.URL.Path != "/v1/health/service/web" || q.Get("passing") != "1" || q.Get("tag") != "blue" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	limit, _ := time.ParseDuration(q.Get("wait"))
	end := time.AfterFunc(limit, a.changed.Broadcast)
	defer end.Stop()
	since, _ := strconv.ParseUint(q.Get("index"), 10, 64)
	for began := time.Now(); since != 0 && a.index == since && a.status == http.StatusOK && time.Since(began) < limit; {
		a.changed.Wait()
	}
	w.Header().Set("X-Consul-Index", strconv.FormatUint(a.index, 10))
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.rows)
}

func (a *agent) set(index uint64, status int, ports ...int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.index, a.status, a.rows = index, status, nil
	for i, p := range ports {
		e := consulEntry{}
		e.Node.Address = "10.0.0.1"
		e.Service.ID, e.Service.Port, e.Service.Weights.Passing = "web"+strconv.Itoa(p), p, i+1
		if p > 9 {
			e.Service.Address = "10.0.0.2"
		}
		a.rows = append(a.rows, e)
	}
	a.changed.Broadcast()
}

func TestConsul(t *testing.T) {
	a := newAgent(t)
	a.set(7, http.StatusOK, 1, 20)
	f := follow(t, Consul{URL: a.URL, Service: "web", Tag: "blue", Token: "secret", Wait: 200 * time.Millisecond})
	f.await(t, "10.0.0.1:1*1/web1 10.0.0.2:20*2/web20")
	a.set(8, http.StatusOK, 1)
	f.await(t, "10.0.0.1:1*1/web1")
	a.set(9, http.StatusInternalServerError)
	f.hear(t, "consul service web: HTTP status 500")
	a.set(2, http.StatusOK, 3) // it began anew: its index went back
	f.await(t, "10.0.0.1:3*1/web3")
	a.set(3, http.StatusOK, 4)
	f.await(t, "10.0.0.1:4*1/web4")
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked[0] != "" || a.asked[1] != "7" || a.token != "secret" {
		t.Errorf("asked with indexes %q, token %q", a.asked, a.token)
	}
	if len(a.asked) > 200 {
		t.Errorf("%d questions: it does not block", len(a.asked))
	}
}
