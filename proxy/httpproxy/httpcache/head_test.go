package httpcache

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzHead: whatever a server and clients write into the fields that a cache
// reads, nothing panics, what comes from memory is what the server sent, or a
// part of it, and nothing is counted that is not there.
func FuzzHead(f *testing.F) {
	f.Add(200, "max-age=10", "Foo", "", "1", `"v"`, "bytes=1-2", `"v"`, "no-cache")
	f.Add(404, "public", "*", "Sun, 29 Nov 2026 12:00:00 GMT", "-1", `W/"v"`, "bytes=-0", "*", "max-stale")
	f.Add(206, "s-maxage=1, private=\"a", "a, b", "0", "99999999999999999999", "v", "bytes=9-,", "\"", "min-fresh=1, max-age=2")
	f.Fuzz(func(t *testing.T, status int, cc, vary, expires, age, etag, part, none, asks string) {
		const text = "0123456789"
		now := noon
		c := New(Settings{Bytes: 1 << 20}, func() time.Time { return now })
		view := c.View(Rule{TTL: time.Second, Heuristic: 10, StaleWhile: time.Minute, StaleIfError: time.Minute})
		tr := view.Wrap(roundTripper(func(r *http.Request) (*http.Response, error) {
			h := http.Header{"Cache-Control": {cc}, "Vary": {vary}, "Expires": {expires}, "Age": {age}, "Etag": {etag}, "Connection": {vary}}
			resp := &http.Response{StatusCode: 200 + (status&0x7fff)%400, ProtoMajor: 1, Header: h, Request: r, ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text))}
			if resp.StatusCode == 304 {
				resp.ContentLength, resp.Body = 0, http.NoBody
			}
			return resp, nil
		}))
		for i, fields := range []http.Header{
			{}, {"Foo": {vary}}, {"Range": {part}}, {"If-None-Match": {none}}, {"Cache-Control": {asks}}, {"If-Modified-Since": {expires}, "Range": {part}, "If-Range": {none}}, {},
		} {
			now = now.Add(time.Duration(i) * time.Second)
			r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://x/", nil)
			r.Header = fields
			resp, err := tr.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !strings.Contains(text, string(b)) || resp.StatusCode == 206 && len(b) == 0 {
				t.Fatalf("%d %q, %v", resp.StatusCode, b, err)
			}
			c.flights.Wait()
		}
		c.Close()
		(&rig{t: t, cache: c, view: view}).empty()
	})
}

// FuzzRange: a part is in the body.
func FuzzRange(f *testing.F) {
	f.Add("bytes=1-2", int64(10))
	f.Add("bytes=-99999999999999999999", int64(1))
	f.Fuzz(func(t *testing.T, line string, size int64) {
		size &= 1<<40 - 1
		s, verdict := oneRange([]string{line}, size)
		if verdict == onePart && (s.first < 0 || s.length <= 0 || s.first+s.length > size) {
			t.Errorf("%q of %d: %+v", line, size, s)
		}
	})
}
