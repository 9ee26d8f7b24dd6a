package h1serve

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// response is the answer to one request: an http.ResponseWriter, and what
// http.ResponseController looks for.
type response struct {
	c       *conn
	req     *asked
	body    *body // of the request; nil: none
	isHead  bool  // it is HEAD: its answer is a head alone
	expects bool  // its client waits for a 100 before it sends the body
	one     bool  // it speaks HTTP/1.0

	header  http.Header
	status  int  // of the final head; 0 before it
	framed  bool // that head is complete
	close   bool // the conn ends after this
	chunked bool
	length  int64    // that the body has by its head; -1: it does not say
	written int64    // of the body
	trailer []string // names that are sent after it
	pending []byte   // of the body, before the head is complete

	out *[]byte // what is not sent yet; nil before the first head
	err error   // of a write; nothing is written after it

	reuse bool // its handler says so, see Reuse

	mu       sync.Mutex // held where a goroutine may write that is not the handler's: before the final head
	hijacked bool
}

// outSize is what is sent at once; outHeld is how much of a body of unknown
// length is held back in case it is all, net/http's number.
const (
	outSize = 4 << 10
	outHeld = 2 << 10
)

var outs = sync.Pool{New: func() any { b := make([]byte, 0, outSize); return &b }}

// Header implements http.ResponseWriter.
func (w *response) Header() http.Header {
	if w.header == nil {
		w.header = make(http.Header)
	}
	return w.header
}

// WriteHeader implements http.ResponseWriter. Heads before the final one may
// come from any goroutine while the handler waits.
func (w *response) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.hijacked || w.status != 0:
		return
	case status < 100 || status > 999:
		panic("h1serve: invalid status " + strconv.Itoa(status))
	case status < 200 && status != http.StatusSwitchingProtocols:
		w.interim(status)
		return
	}
	w.status = status
	w.openHead()
}

// bodiless says whether the answer has none, whatever its head says (RFC 9112,
// 6.3).
func (w *response) bodiless() bool {
	return w.isHead || w.status < 200 || w.status == http.StatusNoContent || w.status == http.StatusNotModified
}

// Write implements http.ResponseWriter.
func (w *response) Write(p []byte) (int, error) {
	if w.hijacked {
		return 0, http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	switch {
	case w.isHead:
		return len(p), nil
	case w.bodiless():
		return 0, http.ErrBodyNotAllowed
	case w.length >= 0 && w.written+int64(len(p)) > w.length:
		w.close = true // the handler is mistaken about one of the two
		return 0, http.ErrContentLength
	case len(p) == 0:
		return 0, nil
	}
	w.written += int64(len(p))
	if !w.framed {
		if w.length < 0 && len(w.pending)+len(p) <= outHeld {
			w.pending = append(w.pending, p...)
			return len(p), nil
		}
		w.frame(false)
	}
	w.emit(p)
	return len(p), w.err
}

// emit frames a part of the body.
func (w *response) emit(p []byte) {
	if len(p) == 0 {
		return
	}
	if w.chunked {
		*w.out = append(strconv.AppendInt(*w.out, int64(len(p)), 16), "\r\n"...)
	}
	if room := outSize - len(*w.out); len(p) > room {
		if len(*w.out) > 0 && room > 0 { // not a little piece alone, and then the rest
			*w.out = append(*w.out, p[:room]...)
			p = p[room:]
		}
		w.send()
		if len(p) >= outSize {
			w.write(p)
			p = nil
		}
	}
	*w.out = append(*w.out, p...)
	if w.chunked {
		*w.out = append(*w.out, "\r\n"...)
	}
}

// send writes what there is.
func (w *response) send() {
	if len(*w.out) > 0 {
		w.write(*w.out)
		*w.out = (*w.out)[:0]
	}
}

func (w *response) write(p []byte) {
	if w.err == nil {
		_, w.err = w.c.nc.Write(p)
	}
}

// FlushError is what http.ResponseController's Flush calls.
func (w *response) FlushError() error {
	if w.hijacked {
		return http.ErrHijacked
	}
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.framed {
		w.frame(false)
	}
	w.send()
	return w.err
}

// Flush implements http.Flusher.
func (w *response) Flush() { _ = w.FlushError() }

// goOn tells a client that waits for it to send the body, unless it has its
// answer.
func (w *response) goOn() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.expects || w.status != 0 {
		return nil
	}
	w.expects = false
	_, err := io.WriteString(w.c.nc, "HTTP/1.1 100 Continue\r\n\r\n")
	return err
}

// finish sends what is missing of the answer, when its handler has ended.
func (w *response) finish() outcome {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.framed {
		w.frame(true)
	}
	if w.chunked {
		w.endChunks()
	}
	if w.length > w.written && !w.bodiless() {
		w.close = true // which its client sees by the end
	}
	w.send()
	w.release()
	all := w.body == nil || w.body.end(!w.expects && w.err == nil)
	switch {
	case w.err != nil || w.c.err != nil && w.c.r == w.c.w:
		return broken
	case w.close || !all:
		return last
	}
	return kept
}

// abandon sends what was ready of an answer whose handler gave up. The end of
// the conn tells the client that it is not whole.
func (w *response) abandon() {
	if w.out != nil && w.framed {
		w.send()
	}
	w.release()
	if w.body != nil {
		w.body.end(false)
	}
}

func (w *response) release() {
	if w.out != nil {
		if cap(*w.out) <= 2*outSize {
			*w.out = (*w.out)[:0]
			outs.Put(w.out)
		}
		w.out = nil
	}
}
