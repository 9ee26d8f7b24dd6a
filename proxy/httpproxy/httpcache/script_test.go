package httpcache

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A script is a list of cases. A case begins with the section of the standard
// that asks for it:
//
//	### RFC 9111, 4.2.1: s-maxage is before max-age
//
// and goes on with steps:
//
//	rule ttl=10s heuristic=10 while=5s error=5s ignore name=wye   the view's rule
//	> GET /path           what the client sends, further lines are fields
//	< 200                 what the server says, if it must be asked; without, it must not
//	< chunked             its length is not said; "< drop" closes the connection instead
//	< A: b                its fields; Date is the clock's, unless it is given; "< Date:" has none
//	< = text              its body
//	? If-None-Match: "x"  what it must have been asked by; "? Range:" must not be there
//	= MISS 200 text       X-Cache ("-" is none), status and body that the client gets
//	= A: b                fields that it gets; "= A:" must not be there
//	+10s                  time goes by
//
// {now}, {now-1h} and {now+10s} stand for dates on the case's clock; {850}
// and {asctime} for the two older forms of {now}.
type step struct {
	line      int
	rule      string
	wait      time.Duration
	request   []string
	response  []string // nil: the server must not be asked
	asked     []string
	want      []string
	hasClient bool
}

type scriptCase struct {
	name  string
	steps []*step
}

func readScript(t *testing.T, file string) (cases []*scriptCase) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c *scriptCase
	var s *step
	for i, l := range strings.Split(string(text), "\n") {
		l = strings.TrimSpace(l)
		rest := strings.TrimSpace(strings.TrimLeft(l, "#><?=+"))
		if strings.HasPrefix(l, "=") || strings.HasPrefix(l, "<") {
			rest = strings.TrimSpace(l[1:])
		}
		switch {
		case l == "":
		case strings.HasPrefix(l, "###"):
			c = &scriptCase{name: rest}
			cases = append(cases, c)
		case strings.HasPrefix(l, "#"):
		case strings.HasPrefix(l, "rule"):
			c.steps = append(c.steps, &step{line: i + 1, rule: strings.TrimPrefix(l, "rule")})
		case strings.HasPrefix(l, "+"):
			d, err := time.ParseDuration(rest)
			if err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
			c.steps = append(c.steps, &step{line: i + 1, wait: d})
		case strings.HasPrefix(l, ">"):
			if s == nil || len(s.want) > 0 || !s.hasClient || len(c.steps) == 0 || c.steps[len(c.steps)-1] != s {
				s = &step{line: i + 1, hasClient: true}
				c.steps = append(c.steps, s)
			}
			s.request = append(s.request, rest)
		case strings.HasPrefix(l, "<"):
			s.response = append(s.response, rest)
		case strings.HasPrefix(l, "?"):
			s.asked = append(s.asked, rest)
		case strings.HasPrefix(l, "="):
			s.want = append(s.want, rest)
		default:
			t.Fatalf("%s:%d: %q", file, i+1, l)
		}
	}
	return cases
}

// clock is a clock that is set.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}
func (c *clock) Now() time.Time          { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) Advance(d time.Duration) { c.ns.Add(int64(d)) }

// rig is a real server behind a real reverse proxy whose transport is a view.
type rig struct {
	t      *testing.T
	clock  *clock
	cache  *Cache
	view   *View
	front  *httptest.Server
	client *http.Client

	mu     sync.Mutex
	handle http.HandlerFunc
}

const host = "wye.test"

func newRig(t *testing.T, s Settings, r Rule) *rig {
	t.Helper()
	rg := &rig{t: t, clock: newClock()}
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rg.mu.Lock()
		h := rg.handle
		rg.mu.Unlock()
		w.Header().Set("Date", rg.clock.Now().Format(http.TimeFormat))
		h(w, r)
	}))
	rg.cache = New(s, rg.clock.Now)
	out := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100}
	addr := back.Listener.Addr().String()
	next := roundTripper(func(r *http.Request) (*http.Response, error) {
		to := r.Clone(r.Context())
		to.URL.Host = addr
		return out.RoundTrip(to)
	})
	rg.view = rg.cache.View(r)
	rg.front = httptest.NewServer(rg.proxy(rg.view.Wrap(next)))
	rg.client = &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		rg.client.CloseIdleConnections()
		rg.front.Close()
		rg.cache.Close()
		out.CloseIdleConnections()
		back.Close()
		rg.empty()
	})
	return rg
}

// empty checks that the budget knows of every byte.
func (rg *rig) empty() {
	rg.cache.PurgeAll()
	for i := range rg.cache.stores { // marks
		for rg.cache.stores[i].evict() {
		}
	}
	if used, _ := rg.cache.Bytes(); used != 0 {
		rg.t.Errorf("%d bytes of nothing", used)
	}
	if n := rg.view.Counts(); n.Entries != 0 || n.Bytes != 0 {
		rg.t.Errorf("%+v of nothing", n)
	}
	for i := range rg.cache.stores {
		if n := len(rg.cache.stores[i].flights); n != 0 {
			rg.t.Errorf("%d flights of nobody", n)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (rg *rig) proxy(tr http.RoundTripper) http.Handler {
	return &httputil.ReverseProxy{
		Transport:     tr,
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", host
			r.Out.Host = r.In.Host
		},
		ErrorLog:     nullLog,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

func (rg *rig) serve(h http.HandlerFunc) {
	rg.mu.Lock()
	defer rg.mu.Unlock()
	rg.handle = h
}

func (rg *rig) request(method, path string, fields ...string) *http.Request {
	r, err := http.NewRequest(method, rg.front.URL+path, nil)
	if err != nil {
		rg.t.Fatal(err)
	}
	r.Host = host
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		if value = strings.TrimSpace(value); name == "Body" {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(value)), int64(len(value))
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

// get asks and reads all.
func (rg *rig) do(r *http.Request) (resp *http.Response, text string, err error) {
	resp, err = rg.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

var datePattern = regexp.MustCompile(`\{(now|850|asctime)([+-][0-9a-z]+)?\}`)

func (rg *rig) expand(s string) string {
	return datePattern.ReplaceAllStringFunc(s, func(m string) string {
		p := datePattern.FindStringSubmatch(m)
		at := rg.clock.Now()
		if p[2] != "" {
			d, err := time.ParseDuration(p[2])
			if err != nil {
				rg.t.Fatal(err)
			}
			at = at.Add(d)
		}
		return at.Format(map[string]string{"now": http.TimeFormat, "850": "Monday, 02-Jan-06 15:04:05 GMT", "asctime": time.ANSIC}[p[1]])
	})
}

func parseRule(t *testing.T, s string) (r Rule, name string) {
	for _, w := range strings.Fields(s) {
		k, v, _ := strings.Cut(w, "=")
		d, _ := time.ParseDuration(v)
		switch k {
		case "ttl":
			r.TTL = d
		case "heuristic":
			r.Heuristic, _ = strconv.Atoi(v)
		case "while":
			r.StaleWhile = d
		case "error":
			r.StaleIfError = d
		case "ignore":
			r.IgnoreClient = true
		case "name":
			name = v
		default:
			t.Fatalf("rule %q", w)
		}
	}
	return r, name
}

// run plays a case.
func (c *scriptCase) run(t *testing.T) {
	steps, rule, name := c.steps, Rule{}, ""
	if len(steps) > 0 && steps[0].rule != "" {
		rule, name = parseRule(t, steps[0].rule)
		steps = steps[1:]
	}
	rg := newRig(t, Settings{Name: name}, rule)
	for _, s := range steps {
		if !s.hasClient {
			rg.clock.Advance(s.wait)
			continue
		}
		rg.step(s)
	}
}

func (rg *rig) step(s *step) {
	t := rg.t
	for _, list := range [][]string{s.request, s.response, s.asked, s.want} {
		for i := range list {
			list[i] = rg.expand(list[i])
		}
	}
	background := len(s.want) > 0 && strings.HasPrefix(s.want[0], "STALE") && s.response != nil && s.response[0] != "drop" && !strings.HasPrefix(s.response[0], "5")
	asked := make(chan http.Header, 10)
	rg.serve(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Clone()
		if s.response == nil {
			w.WriteHeader(599)
			return
		}
		say(w, rg.clock.Now(), s.response)
	})
	method, path, _ := strings.Cut(s.request[0], " ")
	resp, text, err := rg.do(rg.request(method, path, s.request[1:]...))
	if err != nil {
		t.Errorf("line %d: %v", s.line, err)
		return
	}
	if background {
		poll(t, func() bool { rg.cache.flights.Wait(); return true })
	}
	got := fmt.Sprint(or0(resp.Header.Get(xCache)), " ", resp.StatusCode, " ", text)
	if got = strings.TrimSpace(got); got != s.want[0] {
		t.Errorf("line %d: the client got %q, not %q", s.line, got, s.want[0])
	}
	checkFields(t, s.line, "the client got", resp.Header, s.want[1:])
	switch n := len(asked); {
	case s.response == nil && n > 0:
		t.Errorf("line %d: the server was asked", s.line)
	case s.response != nil && n == 0:
		t.Errorf("line %d: the server was not asked", s.line)
	case n > 0:
		checkFields(t, s.line, "the server was asked by", <-asked, s.asked)
	}
}

// say is how the server answers.
func say(w http.ResponseWriter, now time.Time, lines []string) {
	h := w.Header()
	status, text, chunked := 200, "", false
	first := map[string]bool{}
	for _, l := range lines {
		name, value, isField := strings.Cut(l, ":")
		code, err := strconv.Atoi(l)
		switch {
		case l == "drop":
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				if tcp, ok := c.(*net.TCPConn); ok {
					tcp.SetLinger(0)
				}
				c.Close()
			}
			return
		case l == "chunked":
			chunked = true
		case strings.HasPrefix(l, "="):
			text = strings.TrimSpace(l[1:])
		case err == nil && code/100 == 1:
			h.Del("Date")
			w.WriteHeader(code)
			h.Set("Date", now.Format(http.TimeFormat))
		case err == nil:
			status = code
		case isField && strings.TrimSpace(value) == "":
			h[http.CanonicalHeaderKey(name)] = nil
		case isField && !first[name] && name == "Date":
			h.Set(name, strings.TrimSpace(value))
		case isField:
			h.Add(name, strings.TrimSpace(value))
		}
		first[name] = true
	}
	if !chunked && status != 204 && status != 304 && h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	w.WriteHeader(status)
	io.WriteString(w, text)
	if chunked {
		w.(http.Flusher).Flush()
	}
}

func checkFields(t *testing.T, line int, what string, h http.Header, want []string) {
	for _, w := range want {
		name, value, _ := strings.Cut(w, ":")
		value = strings.TrimSpace(value)
		if got := strings.Join(h.Values(name), ", "); got != value {
			t.Errorf("line %d: %s %s: %q, not %q", line, what, name, got, value)
		}
	}
}

func or0(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// poll waits, with a generous bound, for something that will come.
func poll(t *testing.T, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

var nullLog = log.New(io.Discard, "", 0)

// TestStandard plays the requirements of RFC 9111, of RFC 9110 for conditions
// and ranges, and of RFC 5861, each with its section.
func TestStandard(t *testing.T) {
	files, err := filepath.Glob("testdata/standard/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scripts", err)
	}
	cases := 0
	for _, file := range files {
		area := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, c := range readScript(t, file) {
			cases++
			if !strings.HasPrefix(c.name, "RFC ") {
				t.Errorf("%s: %q does not name its section", file, c.name)
			}
			t.Run(area+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	}
	t.Logf("%d cases", cases)
}
