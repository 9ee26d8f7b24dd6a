package httpcache

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// promise is what a server said of a body that it sent.
type promise struct {
	uri, foo string // foo: by which it was chosen, "" if by nothing
	etag     string
	said     []statement // with the body, and by each 304 since
}

type statement struct {
	turn     int64
	at       time.Time
	fresh    time.Duration
	stale    time.Duration
	storable bool
}

// allows says whether an answer from memory at that time was in order.
func (s statement) allows(m string, now time.Time) bool {
	age := now.Sub(s.at)
	return s.storable && (m == "HIT" && age < s.fresh || m == "STALE" && age < s.fresh+s.stale)
}

// modelServer answers with random directives and remembers all of them.
type modelServer struct {
	clock      *clock
	turn       atomic.Int64
	concurrent bool

	mu       sync.Mutex
	rand     *rand.Rand
	promises map[string]*promise // by body
	changed  map[string]int64    // by URI: the turn in which its last change was known to be done
}

func (s *modelServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	turn := s.turn.Add(1)
	resp := &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}
	resp.Header.Set("Date", s.clock.Now().Format(http.TimeFormat))
	switch {
	case r.Method == "POST":
		return resp, nil
	case s.rand.IntN(10) == 0:
		return nil, errors.New("unreachable")
	case s.rand.IntN(10) == 0:
		resp.StatusCode = 503
		return resp, nil
	}
	p := &promise{uri: r.URL.Path}
	body := strconv.FormatInt(turn, 10)
	if old := s.promises[strings.Trim(r.Header.Get("If-None-Match"), `"`)]; old != nil && s.rand.IntN(2) == 0 {
		resp.StatusCode, body, p = 304, "", old
	} else {
		p.etag = `"` + body + `"`
		s.promises[body] = p
		if s.rand.IntN(3) == 0 {
			p.foo = "foo:" + r.Header.Get("Foo")
			resp.Header.Set("Vary", "Foo")
		}
	}
	resp.Header.Set("Etag", p.etag)
	seconds := func() time.Duration { return time.Duration(s.rand.IntN(20)) * time.Second }
	fresh, while, onError := seconds(), seconds(), seconds()
	say := statement{turn, s.clock.Now(), fresh, max(while, onError), true}
	cc := fmt.Sprintf("max-age=%d, stale-while-revalidate=%d, stale-if-error=%d", fresh/time.Second, while/time.Second, onError/time.Second)
	switch s.rand.IntN(8) {
	case 0:
		cc, say.storable = cc+", no-store", false
	case 1:
		cc, say.storable = "private, "+cc, false
	case 2:
		cc, say.stale = cc+", must-revalidate", 0
	}
	p.said = append(p.said, say)
	resp.Header.Set("Cache-Control", cc)
	if resp.StatusCode == 200 && r.Method == "GET" {
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		if s.rand.IntN(3) == 0 {
			resp.ContentLength, resp.TransferEncoding = -1, []string{"chunked"}
		}
	}
	return resp, nil
}

// check holds an answer from memory against what its server said of it. turn
// and now were when the client asked.
func (s *modelServer) check(t *testing.T, r *http.Request, m, body string, changed, turn int64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.promises[body]
	if p == nil {
		t.Errorf("%s: nobody sent %q", m, body)
		return
	}
	ok := false
	for i, say := range p.said {
		last := i+1 == len(p.said) || p.said[i+1].turn > turn // before the client asked
		switch {
		case say.turn > turn: // another's answer, or the answer to what was asked in the background
			ok = ok || say.storable && (m == "HIT" || s.concurrent)
		case last || s.concurrent: // whether the cache had heard the last word then is not known
			ok = ok || say.allows(m, now)
		}
	}
	switch {
	case p.uri != r.URL.Path || p.foo != "" && p.foo != "foo:"+r.Header.Get("Foo"):
		t.Errorf("%s: %+v is not for %s %q", m, p, r.URL.Path, r.Header.Get("Foo"))
	case p.said[len(p.said)-1].turn < changed: // a 304 after it is as good as a new answer
		t.Errorf("%s: %+v is from before the change in turn %d", m, p, changed)
	case !ok:
		t.Errorf("%s: %+v does not allow it at %v", m, p, now)
	}
}

// TestModel: in random traffic with changes, errors, directives of all kinds
// and time going by, no answer from memory is older than its server allowed,
// for another request, or from before a change that its client could know of.
// WYE_HTTPCACHE_STEPS is how many requests.
func TestModel(t *testing.T) {
	steps := 20_000
	if s := os.Getenv("WYE_HTTPCACHE_STEPS"); s != "" {
		var err error
		if steps, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("one after the other", func(t *testing.T) { model(t, steps, 1) })
	t.Run("at once", func(t *testing.T) { model(t, steps, 4) })
}

func model(t *testing.T, steps, clients int) {
	seed := rand.Uint64()
	t.Logf("seed %d, %d steps", seed, steps)
	s := &modelServer{clock: newClock(), concurrent: clients > 1, rand: rand.New(rand.NewPCG(seed, 0)), promises: map[string]*promise{}, changed: map[string]int64{}}
	c := New(Settings{Bytes: 100 << 10, Wait: time.Minute}, s.clock.Now)
	view := c.View(Rule{})
	tr := view.Wrap(s)
	var all sync.WaitGroup
	for client := range clients {
		random := rand.New(rand.NewPCG(seed, uint64(client)+1))
		all.Go(func() {
			for range steps / clients {
				s.step(t, tr, random)
				if !s.concurrent {
					c.flights.Wait() // what goes on in the background is heard
				}
			}
		})
	}
	all.Wait()
	c.Close()
	n := view.Counts()
	if n.Hits == 0 || n.Stale == 0 || n.Misses == 0 || n.Validated == 0 || n.Purged == 0 {
		t.Errorf("it did not come to it: %+v", n)
	}
	t.Logf("%+v", n)
	(&rig{t: t, cache: c, view: view}).empty()
}

func (s *modelServer) step(t *testing.T, tr http.RoundTripper, random *rand.Rand) {
	if random.IntN(4) == 0 {
		s.clock.Advance(time.Second)
	}
	path := fmt.Sprintf("/%d", random.IntN(12))
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://x"+path, nil)
	r.Header.Set("Foo", strconv.Itoa(random.IntN(3)))
	switch random.IntN(40) {
	case 0:
		r.Method = "POST"
	case 1, 2:
		r.Method = "HEAD"
	case 3:
		r.Header.Set("Cache-Control", "no-cache")
	}
	s.mu.Lock()
	changed, turn, now := s.changed[path], s.turn.Load(), s.clock.Now()
	s.mu.Unlock()
	resp, err := tr.RoundTrip(r)
	if err != nil {
		return
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	switch m := resp.Header.Get(xCache); {
	case err != nil:
		t.Error(err)
	case r.Method == "POST":
		s.mu.Lock()
		s.changed[path] = max(s.changed[path], turn)
		s.mu.Unlock()
	case r.Method == "GET" && m != "MISS":
		s.check(t, r, m, string(b), changed, turn, now)
	}
}
