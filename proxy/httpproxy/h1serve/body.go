package h1serve

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// body is a request's. Handlers read it from any goroutine, one at a time.
type body struct {
	c       *conn
	w       *response
	chunked bool
	left    int64 // bytes to come: of the body, or of the chunk that is read

	mu      sync.Mutex
	within  bool        // in chunks: one has begun
	trailed int         // bytes of the trailer
	closed  bool        // by the handler
	err     error       // what ended it: io.EOF if all has come
	over    atomic.Bool // nobody but end reads it any more
}

// direct is how much a reader has to ask for to be given bytes that have not
// been in the conn's buffer.
const direct = 1 << 10

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed || b.over.Load():
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		return 0, b.err
	case len(p) == 0:
		return 0, nil
	}
	if err := b.w.goOn(); err != nil {
		return 0, err
	}
	return b.next(p)
}

// Close implements io.Closer. What has not been read stays where it is.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// next reads what comes next of the body.
func (b *body) next(p []byte) (n int, err error) {
	if b.chunked && b.left == 0 {
		if err = b.chunk(); err != nil {
			return 0, b.fail(err)
		}
	}
	p = p[:min(int64(len(p)), b.left)]
	switch c := b.c; {
	case c.r < c.w:
		n = copy(p, c.buf[c.r:c.w])
		c.r += n
	case len(p) >= direct:
		n, err = c.read(p)
	default:
		if err = c.fill(); err == nil {
			n = copy(p, c.buf[c.r:c.w])
			c.r += n
		}
	}
	b.left -= int64(n)
	switch {
	case err != nil:
		return n, b.fail(err)
	case b.left == 0 && !b.chunked:
		return n, b.fail(io.EOF)
	}
	return n, nil
}

// fail notes what ended the body. That a deadline has passed ends it, too:
// between a chunk's size and its data nobody could go on.
func (b *body) fail(err error) error {
	switch {
	case errors.Is(err, errAll):
		err = io.EOF
	case errors.Is(err, io.EOF) && (b.left > 0 || b.chunked):
		err = io.ErrUnexpectedEOF
	}
	b.err = err
	if err == io.EOF {
		b.c.watch.bodyCame()
	}
	return err
}

// end takes the body from whoever may still read it, and says whether all of it
// has come. What is missing is waited for if that is worth while.
func (b *body) end(worthWhile bool) (all bool) {
	b.over.Store(true)
	for !b.mu.TryLock() {
		// The reader may just be setting a deadline of its own.
		_ = b.c.nc.SetReadDeadline(time.Unix(1, 0))
		time.Sleep(time.Millisecond)
	}
	defer b.mu.Unlock()
	if b.err == nil && worthWhile && b.worth() {
		b.drain()
	}
	b.c.unbounded()
	return b.err == io.EOF
}

// worth says whether what is left of the body is little, as far as is known.
func (b *body) worth() bool { return b.chunked || b.left <= lingered }

func (b *body) drain() {
	_ = b.c.nc.SetReadDeadline(time.Now().Add(lingering))
	p := make([]byte, 8<<10)
	for sum := 0; sum < lingered && b.err == nil; {
		n, err := b.next(p)
		if err != nil {
			return
		}
		sum += n
	}
}

// little says whether what has not been read of the body is worth waiting for,
// so that the conn can be kept.
func (b *body) little() bool {
	if !b.mu.TryLock() {
		return false // somebody is reading it now, and the answer is on its way
	}
	defer b.mu.Unlock()
	return b.err == io.EOF || b.err == nil && b.worth()
}
