package httpproxy

import (
	"compress/gzip"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// leastCompressed is what gzip does not pay for below.
const leastCompressed = 1 << 10

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed+1)
	return z
}}

// squeeze compresses the answer from here on, if it should be and may be. It
// is called before the final head.
func (a *answer) squeeze(r *http.Request, status int) {
	h := a.Header()
	if status < 200 || status == 204 || status == 206 || status == 304 || !compressible(h) {
		return
	}
	// What is said of one who accepts it must not be kept for one who does not.
	h.Add("Vary", "Accept-Encoding")
	if r.Method == http.MethodHead || !acceptsGzip(r.Header.Values("Accept-Encoding")) {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	h.Del("Accept-Ranges")
	if tag := h.Get("Etag"); strings.HasPrefix(tag, `"`) {
		h.Set("Etag", "W/"+tag) // other bytes, same meaning (RFC 9110, 8.8.3.3)
	}
	a.zip = zippers.Get().(*gzip.Writer)
	a.zip.Reset(raw{a})
}

// raw is an answer past its compression.
type raw struct{ *answer }

func (r raw) Write(b []byte) (int, error) { return r.answer.write(b) }

// endZip writes what compression still holds.
func (a *answer) endZip() {
	if a.zip == nil {
		return
	}
	_ = a.zip.Close() // a client that left has been noticed before
	a.zip.Reset(nil)
	zippers.Put(a.zip)
	a.zip = nil
}

func compressible(h http.Header) bool {
	if h.Get("Content-Encoding") != "" || h.Get("Content-Range") != "" || listed(h.Values("Cache-Control"), "no-transform") {
		return false
	}
	if n, err := strconv.Atoi(h.Get("Content-Length")); err == nil && n < leastCompressed {
		return false
	}
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err != nil, kind == "text/event-stream":
		return false
	case strings.HasPrefix(kind, "text/"), strings.HasSuffix(kind, "+json"), strings.HasSuffix(kind, "+xml"):
		return true
	}
	switch kind {
	case "application/json", "application/javascript", "application/xml", "application/wasm":
		return true
	}
	return false
}

// listed says whether a comma-separated list has the word.
func listed(lines []string, word string) bool {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(item), word) {
				return true
			}
		}
	}
	return false
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3): gzip, its old name, or
// any, unless with a weight of 0; what names it beats the star.
func acceptsGzip(lines []string) bool {
	star := false
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(item, ";")
			yes := true
			if q, ok := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q="); ok {
				w, err := strconv.ParseFloat(q, 64)
				yes = err == nil && w > 0
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				return yes
			case "*":
				star = yes
			}
		}
	}
	return star
}
