package httpcache

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// TestTiming is the arithmetic of RFC 9111, 4.2.3.
func TestTiming(t *testing.T) {
	at := func(s int) time.Time { return noon.Add(time.Duration(s) * time.Second) }
	for _, tt := range []struct {
		name            string
		date            int
		age             string
		asked, answered int
		now             int
		want            int
	}{
		{"nothing is old", 0, "", 0, 0, 0, 0},
		{"it rests", 0, "", 0, 0, 7, 7},
		{"the way back may have aged it", 0, "", 0, 4, 4, 4},
		{"Age and the way", 10, "5", 0, 4, 4, 9},
		{"apparent age is more than Age", 0, "5", 20, 24, 24, 24},
		{"the server's clock is ahead", 100, "", 0, 0, 0, 0},
		{"our clock was set back", 0, "3", 0, 0, -50, 3},
		{"Date is before all times", -63_000_000_000, "", 0, 0, 7, 1<<31 + 7},
	} {
		h := http.Header{"Date": {at(tt.date).Format(http.TimeFormat)}}
		if tt.age != "" {
			h.Set("Age", tt.age)
		}
		got := newTiming(h, at(tt.asked), at(tt.answered)).age(at(tt.now))
		if got != time.Duration(tt.want)*time.Second {
			t.Errorf("%s: %v, not %d s", tt.name, got, tt.want)
		}
	}
}

// TestUpdated: what a 304 changes (RFC 9111, 3.2).
func TestUpdated(t *testing.T) {
	stored := http.Header{"Content-Type": {"text/a"}, "Content-Length": {"5"}, "Content-Encoding": {"gzip"}, "X-A": {"1", "2"}, "X-B": {"1"}, "X-C": {"1"}}
	later := http.Header{
		"Content-Type": {"text/b"}, "Content-Length": {"0"}, "Content-Encoding": {"br"}, "X-A": {"3"}, "Connection": {"X-B"}, "X-B": {"2"},
		"Keep-Alive": {"x"}, "X-Secret": {"1"}, "Cache-Control": {`max-age=1, private="x-secret, X-C"`}, "Age": {"4"},
	}
	cc := parseResponseControl(later)
	got := fmt.Sprint(updated(stored, later, &cc))
	want := fmt.Sprint(http.Header{
		"Content-Type": {"text/b"}, "Content-Length": {"5"}, "Content-Encoding": {"gzip"}, "X-A": {"3"}, "X-B": {"1"},
		"Cache-Control": {`max-age=1, private="x-secret, X-C"`},
	})
	if got != want {
		t.Errorf("%s\nnot\n%s", got, want)
	}
	if fmt.Sprint(stored["X-A"]) != "[1 2]" {
		t.Error("what is stored was changed")
	}
}

func TestKeys(t *testing.T) {
	for _, same := range [][]string{
		{"http://x/", "HTTP://X", "http://x:80/"},
		{"https://x/a", "https://X:443/%61"},
		{"http://x:443/%7e?%3d", "http://x:443/~?%3D"},
		{"http://x/a%2Fb", "http://x/a%2fb"},
	} {
		first, err := keyOf(same[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range same[1:] {
			if k, _ := keyOf(s); k != first {
				t.Errorf("%q is %q, %q is %q", s, k, same[0], first)
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{
		"http://x/", "https://x/", "http://x:8080/", "http://y/", "http://x/a", "http://x/A", "http://x/a/", "http://x/a/../a", "http://x/a%2Fb", "http://x/a/b",
		"http://x/?", "http://x/?a", "http://x/?a&b", "http://x/?b&a", "http://x/?A", "http://x//", "http://x/a%25",
	} {
		k, _ := keyOf(s)
		if other, twice := seen[k]; twice {
			t.Errorf("%q and %q are both %q", s, other, k)
		}
		seen[k] = s
	}
}

// FuzzKey: a key is its own key, so that no two spellings of one URI and no
// two URIs meet by being written anew.
func FuzzKey(f *testing.F) {
	f.Add("/%7e%2f%zz?%41%", "a=%20+")
	f.Fuzz(func(t *testing.T, path, query string) {
		u, err := url.ParseRequestURI("http://x/" + strings.TrimLeft(path, "/") + "?" + query)
		if err != nil {
			return
		}
		key := string(appendKey(nil, u.Scheme, u.Host, u))
		again, err := url.ParseRequestURI(key)
		if err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		if k := string(appendKey(nil, again.Scheme, again.Host, again)); k != key {
			t.Errorf("%q, then %q", key, k)
		}
	})
}

func TestRelatedKeys(t *testing.T) {
	h := http.Header{"Location": {"/l", "http://evil/l"}, "Content-Location": {"sub?x", "https://x/a", "mailto:a@b", "http://x:80/b"}}
	if got := fmt.Sprint(relatedKeys("http://x/dir/file", h)); got != "[http://x/l http://x/dir/sub?x http://x/b]" {
		t.Error(got)
	}
}

// TestRangesAsNetHTTP: of all single ranges the standard library's own server
// of content sends the same bytes, but for two that it reads against RFC 9110,
// 14.1: an end before the start is malformed, the last 0 bytes are not there.
func TestRangesAsNetHTTP(t *testing.T) {
	content := []byte("0123456789")
	view := New(Settings{}, func() time.Time { return noon }).View(Rule{})
	number := func(n int) string {
		if n < 0 {
			return ""
		}
		return fmt.Sprint(n)
	}
	for from := -1; from < 12; from++ {
		for to := -1; to < 12; to++ {
			spec := "bytes=" + number(from) + "-" + number(to)
			b := &body{cache: view.cache, pieces: [][]byte{content[:3], content[3:4], content[4:]}, size: 10}
			b.hold()
			r := httptest.NewRequest("GET", "http://x/", nil)
			r.Header.Set("Range", spec)
			resp := view.fromMemory(r, &entry{view: view, status: 200, header: http.Header{}, body: b}, hit)
			got, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			w := httptest.NewRecorder()
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
			want := fmt.Sprint(w.Code, w.Header().Get("Content-Range"))
			switch {
			case to >= 0 && to < from, from < 0 && to < 0:
				want = "200"
			case from < 0 && to == 0:
				want = "416bytes */10"
			case w.Code != 416 && string(got) != w.Body.String():
				t.Errorf("%s: %q, net/http: %q", spec, got, w.Body)
			}
			if is := fmt.Sprint(resp.StatusCode, resp.Header.Get("Content-Range")); is != want {
				t.Errorf("%s: %s, not %s", spec, is, want)
			}
			if b.held.Load() != 0 {
				t.Errorf("%s: still held", spec)
			}
		}
	}
}

// TestReader reads in pieces of any size, from anywhere.
func TestReader(t *testing.T) {
	text := "0123456789abcdefghij"
	c := New(Settings{}, time.Now)
	for range 500 {
		b := &body{cache: c, size: int64(len(text))}
		for rest := text; rest != ""; {
			n := 1 + rand.IntN(len(rest))
			b.pieces, rest = append(b.pieces, []byte(rest[:n])), rest[n:]
		}
		b.hold()
		first := rand.IntN(len(text))
		n := rand.IntN(len(text) - first + 1)
		r := b.open(span{int64(first), int64(n)})
		var got bytes.Buffer
		var err error
		if rand.IntN(2) == 0 {
			_, err = r.WriteTo(&got)
		} else {
			_, err = io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{r}, make([]byte, 1+rand.IntN(7)))
		}
		if err != nil || got.String() != text[first:first+n] {
			t.Fatalf("%d+%d: %q, %v", first, n, got.String(), err)
		}
		if r.Close(); r.Close() != nil || b.held.Load() != 0 {
			t.Fatal("closed twice, let go of", 1-b.held.Load(), "times")
		}
	}
}

func BenchmarkHit(b *testing.B) {
	c := New(Settings{Bytes: 64 << 20}, time.Now)
	defer c.Close()
	tr := c.View(Rule{}).Wrap(canned("max-age=100000", func(*http.Request) string { return strings.Repeat("x", 1024) }))
	uris := make([]*http.Request, 1024)
	for i := range uris {
		ask(b, tr, fmt.Sprintf("http://example.org/some/path/%d", i))
		uris[i], _ = http.NewRequestWithContext(b.Context(), "GET", fmt.Sprintf("http://example.org/some/path/%d", i), nil)
		uris[i].Header.Set("User-Agent", "bench")
	}
	c.flights.Wait()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			resp, err := tr.RoundTrip(uris[i&1023])
			if err != nil || resp.StatusCode != 200 {
				b.Fatal(err)
			}
			if n, _ := io.Copy(io.Discard, resp.Body); n != 1024 {
				b.Fatal(n)
			}
			resp.Body.Close()
		}
	})
}
