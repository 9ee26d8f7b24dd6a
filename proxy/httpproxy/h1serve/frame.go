package h1serve

import (
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// openHead writes the final head, but for what depends on the body.
func (w *response) openHead() {
	w.out = outs.Get().(*[]byte)
	w.length = -1
	if l := w.header["Content-Length"]; len(l) > 0 && w.status != http.StatusNoContent && w.status >= 200 {
		if n, err := strconv.ParseInt(l[0], 10, 64); err == nil && n >= 0 {
			w.length = n
		}
	}
	*w.out = w.statusLine(*w.out, w.status)
	for _, v := range w.header["Trailer"] {
		for name := range strings.SplitSeq(v, ",") {
			w.trailer = append(w.trailer, textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t")))
		}
	}
	w.fields(func(name string) bool {
		switch name {
		case "Content-Length":
			return w.length < 0
		case "Transfer-Encoding":
			return true
		case "Connection":
			if hasToken(w.header[name], "close") {
				w.close = true
			}
			return w.status != http.StatusSwitchingProtocols
		}
		return w.trails(name)
	})
	if w.header["Date"] == nil {
		*w.out = append(append(append(*w.out, "Date: "...), date(time.Now())...), "\r\n"...)
	}
}

// trails says whether a field comes after the body.
func (w *response) trails(name string) bool {
	if strings.HasPrefix(name, http.TrailerPrefix) {
		return true
	}
	for _, t := range w.trailer {
		if t == name {
			return true
		}
	}
	return false
}

func (w *response) statusLine(b []byte, status int) []byte {
	if w.one {
		b = append(b, "HTTP/1.0 "...)
	} else {
		b = append(b, "HTTP/1.1 "...)
	}
	b = append(strconv.AppendInt(b, int64(status), 10), ' ')
	return append(append(b, http.StatusText(status)...), "\r\n"...)
}

// fields writes all that are not to be left out.
func (w *response) fields(without func(name string) bool) {
	for name, values := range w.header {
		if without(name) || !httpguts.ValidHeaderFieldName(name) {
			continue
		}
		for _, v := range values {
			*w.out = appendField(*w.out, name, v)
		}
	}
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	from := len(b)
	b = append(b, value...)
	for i := from; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' { // would be another field
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}

// frame completes the final head: done says that the body is what is pending.
func (w *response) frame(done bool) {
	w.framed = true
	b := *w.out
	switch {
	case w.bodiless() || w.length >= 0:
	case done && len(w.trailer) == 0:
		w.length = int64(len(w.pending))
		b = append(strconv.AppendInt(append(b, "Content-Length: "...), w.length, 10), "\r\n"...)
	case w.one:
		w.close = true
	default:
		w.chunked = true
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	}
	// A client that was not told to go on may send the body all the same.
	if w.c.server.closing.Load() || w.expects || w.body != nil && !w.body.little() {
		w.close = true
	}
	switch {
	case w.status == http.StatusSwitchingProtocols:
	case w.close && !w.one: // which ends anyway
		b = append(b, "Connection: close\r\n"...)
	case w.one && !w.close:
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	*w.out = append(b, "\r\n"...)
	pending := w.pending
	w.pending = nil
	w.emit(pending)
}

// interim writes a head before the final one. The caller holds mu.
func (w *response) interim(status int) {
	if w.one {
		return // it would take it for the answer
	}
	if status == http.StatusContinue {
		w.expects = false
	}
	w.out = outs.Get().(*[]byte)
	*w.out = w.statusLine(*w.out, status)
	w.fields(func(name string) bool { return name == "Content-Length" || name == "Transfer-Encoding" })
	*w.out = append(*w.out, "\r\n"...)
	w.send()
	w.release()
}

// endChunks writes the last chunk and the trailer.
func (w *response) endChunks() {
	*w.out = append(*w.out, "0\r\n"...)
	for name, values := range w.header {
		sent, prefixed := strings.CutPrefix(name, http.TrailerPrefix)
		if !prefixed && !w.trails(name) || !httpguts.ValidTrailerHeader(sent) || !httpguts.ValidHeaderFieldName(sent) {
			continue
		}
		for _, v := range values {
			*w.out = appendField(*w.out, sent, v)
		}
	}
	*w.out = append(*w.out, "\r\n"...)
}

// dated is the Date of one second.
type dated struct {
	second int64
	text   string
}

var today atomic.Pointer[dated]

func date(now time.Time) string {
	d := today.Load()
	if d == nil || d.second != now.Unix() {
		d = &dated{now.Unix(), now.UTC().Format(http.TimeFormat)}
		today.Store(d)
	}
	return d.text
}
