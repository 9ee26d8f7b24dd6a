package httpcache

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

const xCache = "X-Cache"

// mark says in a response where it comes from.
type mark int

const (
	hit mark = iota
	miss
	stale
	bypass
)

// marks are the values of X-Cache; whoever adds to one makes a copy.
var marks = [...][]string{hit: {"HIT"}, miss: {"MISS"}, stale: {"STALE"}, bypass: {"BYPASS"}}

// mark sets X-Cache, and Cache-Status if this cache has a name there. e is
// what is, or will be, stored; it may be nil.
func (v *View) mark(h http.Header, m mark, e *entry) {
	h[xCache] = marks[m]
	name := v.cache.settings.Name
	if name == "" {
		return
	}
	switch {
	case m == hit || m == stale:
		ttl := e.timing.lifetime - e.timing.age(v.cache.clock())
		name += fmt.Sprintf("; hit; ttl=%d", int64(ttl/time.Second))
	case m == miss && e != nil:
		name += "; fwd=miss; stored"
	case m == miss:
		name += "; fwd=miss"
	default:
		name += "; fwd=bypass"
	}
	h.Add("Cache-Status", name) // of several caches the last one stands last: RFC 9211, 2
}

// dress makes the stored head of e one that is sent (RFC 9111, 4 and 5.1).
func (v *View) dress(h http.Header, e *entry, m mark) {
	age := int64(e.timing.age(v.cache.clock()) / time.Second)
	h["Age"] = []string{strconv.FormatInt(age, 10)}
	v.mark(h, m, e)
}

// fromMemory answers with a stored response. It takes over one hold of its
// body.
func (v *View) fromMemory(r *http.Request, e *entry, m mark) *http.Response {
	h := maps.Clone(e.header)
	v.dress(h, e, m)
	resp := &http.Response{
		Status: e.line, StatusCode: e.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, ContentLength: e.body.size, Request: r,
	}
	part := span{0, e.body.size}
	if e.status == http.StatusOK {
		if conditional(r.Header) && unmodified(r.Header, e.header, e.timing.answered) {
			notModified(resp)
		} else if lines := r.Header["Range"]; lines != nil && r.Method == http.MethodGet && rangeStillGood(r.Header, e.header) {
			part = ranged(resp, lines, e.body.size)
		}
	}
	if resp.Body = io.ReadCloser(http.NoBody); r.Method == http.MethodHead || part.length == 0 || resp.StatusCode == http.StatusNotModified {
		e.body.release()
	} else {
		resp.Body = e.body.open(part)
	}
	return resp
}

func statusLine(code int) string { return strconv.Itoa(code) + " " + http.StatusText(code) }

// notModified makes a response a 304.
func notModified(resp *http.Response) {
	resp.StatusCode, resp.Status, resp.ContentLength = http.StatusNotModified, statusLine(http.StatusNotModified), 0
	resp.TransferEncoding = nil
	headOf304(resp.Header)
}

// ranged makes a whole response a 206, or a 416, if one range is asked for.
func ranged(resp *http.Response, lines []string, size int64) span {
	s, verdict := oneRange(lines, size)
	switch verdict {
	case wholeBody:
		return span{0, size}
	case outOfRange:
		resp.StatusCode, resp.Status = http.StatusRequestedRangeNotSatisfiable, statusLine(http.StatusRequestedRangeNotSatisfiable)
		headOf304(resp.Header) // none of them is about the error
		resp.Header["Content-Range"] = []string{fmt.Sprintf("bytes */%d", size)}
		s = span{}
	case onePart:
		resp.StatusCode, resp.Status = http.StatusPartialContent, statusLine(http.StatusPartialContent)
		resp.Header["Content-Range"] = []string{s.contentRange(size)}
	}
	resp.ContentLength = s.length
	resp.Header["Content-Length"] = []string{strconv.FormatInt(s.length, 10)}
	return s
}

// notCached is the answer to only-if-cached where nothing is (RFC 9111,
// 5.2.1.7).
func (v *View) notCached(r *http.Request) *http.Response {
	h := http.Header{"Content-Length": {"0"}}
	v.mark(h, miss, nil)
	return &http.Response{
		StatusCode: http.StatusGatewayTimeout, Status: statusLine(http.StatusGatewayTimeout),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: http.NoBody, Request: r,
	}
}
