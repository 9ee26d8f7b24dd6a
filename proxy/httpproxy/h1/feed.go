package h1

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// feed is the goroutine that writes a request's body while its answer is
// waited for or read. It ends with the body, or with the conn. All methods may
// be called of nil, which is none and has nothing left to do.
type feed struct {
	conn   *conn
	load   *Load
	moved  atomic.Int64 // when a byte last went out, ns
	last   atomic.Bool  // what is being written is the end
	ended  chan struct{}
	failed bool // before ended: the server has not all of the body

	word     chan struct{} // that it may go on, or need not begin
	once     sync.Once
	needless bool // before word: the final head came first
}

// How long a server may keep quiet about Expect: 100-continue before it gets
// the body all the same (RFC 9110, 10.1.1: a client that waits ought not do so
// for long); and how long the end of a body may take to be written after the
// server has answered, for its conn to be kept (both as http.Transport's).
const (
	continueWait = time.Second
	lastWait     = 50 * time.Millisecond
	clientWait   = time.Second // for the body's end to show, once its client's conn has ended
)

// feedBuffers are for bodies; 32 KiB as io.Copy has, and room for a chunk's
// frame around.
var feedBuffers = sync.Pool{New: func() any { b := make([]byte, frameRoom+32<<10+2); return &b }}

// frameRoom is for a chunk's size in hexadecimal, and CRLF.
const frameRoom = 18

func newFeed(e *exchange) *feed {
	f := &feed{conn: e.conn, load: e.load, ended: make(chan struct{}), word: make(chan struct{})}
	f.moved.Store(time.Now().UnixNano())
	if f.load.Stream == nil || !strings.EqualFold(f.load.Header.Get("Expect"), "100-continue") {
		f.goOn()
	}
	return f
}

// goOn lets a body go that waits for the server's word.
func (f *feed) goOn() {
	if f != nil {
		f.once.Do(func() { close(f.word) })
	}
}

// final says that the final head has come: a body that has not begun is not
// wanted.
func (f *feed) final() {
	if f != nil {
		f.once.Do(func() { f.needless = true; close(f.word) })
	}
}

// movedWithin says whether something went out in the last d.
func (f *feed) movedWithin(d time.Duration) bool {
	return f != nil && time.Now().UnixNano()-f.moved.Load() < int64(d)
}

// whole says whether the server has all of the body. It waits for that a
// little, if the end is on its way.
func (f *feed) whole() bool {
	if f == nil {
		return true
	}
	select {
	case <-f.ended:
		return !f.failed
	default:
	}
	return f.last.Load() && f.endsWithin(lastWait) && !f.failed
}

// endsWithin waits for the end of the feed, up to d, and says whether it came.
func (f *feed) endsWithin(d time.Duration) bool {
	if f == nil {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-f.ended:
		return true
	case <-t.C:
		return false
	}
}

// run writes the body. Where that fails, the server may have answered already
// and stopped reading: the answer, or the conn's end, is for the reader to
// find. Where the body itself fails, there is nothing to wait for.
func (f *feed) run() {
	wanted := f.begin()
	var err error
	if wanted {
		err = f.copy()
	}
	f.failed = !wanted || err != nil
	close(f.ended)
	if _, bad := err.(bodyError); bad {
		_ = f.conn.Close()
	}
}

// begin waits for the word.
func (f *feed) begin() bool {
	select {
	case <-f.word:
		return !f.needless
	default:
	}
	t := time.NewTimer(continueWait)
	defer t.Stop()
	select {
	case <-f.word:
		return !f.needless
	case <-t.C:
		return true
	}
}

// bodyError is of the body's source.
type bodyError struct{ error }

func (f *feed) copy() error {
	if f.load.Stream == nil {
		f.last.Store(true)
		return f.write(f.load.Memory)
	}
	buf := *feedBuffers.Get().(*[]byte)
	defer feedBuffers.Put(&buf)
	left := f.load.ContentLength
	for {
		room := buf[frameRoom : len(buf)-2]
		n, err := f.load.Stream.Read(room)
		switch {
		case err != nil && err != io.EOF:
			return bodyError{err}
		case f.load.chunked():
			if werr := f.writeChunk(buf, n, err == io.EOF); werr != nil || err == io.EOF {
				return werr
			}
			continue
		case int64(n) > left, err == io.EOF && int64(n) < left:
			return bodyError{io.ErrUnexpectedEOF}
		}
		left -= int64(n)
		f.last.Store(left == 0)
		if werr := f.write(room[:n]); werr != nil || err == io.EOF {
			return werr
		}
	}
}

// writeChunk writes n bytes of buf after frameRoom in their frame, and the end
// of all chunks if this is it.
func (f *feed) writeChunk(buf []byte, n int, end bool) error {
	from, to := frameRoom, frameRoom+n
	if n > 0 {
		size := strconv.AppendUint(make([]byte, 0, frameRoom), uint64(n), 16)
		size = append(size, '\r', '\n')
		from -= len(size)
		copy(buf[from:], size)
		to += copy(buf[to:], "\r\n")
	}
	out := buf[from:to]
	if end {
		f.last.Store(true)
		var err error
		out = append(out[:len(out):len(out)], "0\r\n"...)
		if out, err = appendFields(out, f.load.Trailer); err != nil {
			return bodyError{err}
		}
		out = append(out, '\r', '\n')
	}
	return f.write(out)
}

func (f *feed) write(p []byte) error {
	for len(p) > 0 {
		now := time.Now()
		if stall := f.conn.carrier.Stall; stall > 0 {
			_ = f.conn.SetWriteDeadline(now.Add(stall + slack(stall)))
		}
		n, err := f.conn.Write(p[:min(len(p), 32<<10)])
		if n > 0 {
			f.moved.Store(time.Now().UnixNano())
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}
