package httpcache

import (
	"io"
	"sync/atomic"
)

// body is a stored body: pieces that are never changed once it is stored. It
// counts against the budget until the last who holds it lets go, so that those
// who are still sending it are counted, too.
type body struct {
	cache  *Cache
	pieces [][]byte
	size   int64
	cost   int64 // what was reserved for the pieces, in bytes
	held   atomic.Int32
}

// hold needs somebody who holds it already, or the mutex of a store that has
// it.
func (b *body) hold() { b.held.Add(1) }

func (b *body) release() {
	if b.held.Add(-1) == 0 {
		b.cache.bytes.Add(-b.cost)
	}
}

// reader sends a span of a stored body. It holds the body until it is closed.
// For one goroutine.
type reader struct {
	body   *body
	piece  int
	at     int   // in the piece
	left   int64 // bytes still to send
	closed bool
}

// open begins to send. It takes over one hold of b.
func (b *body) open(s span) *reader {
	r := &reader{body: b, left: s.length}
	skip := s.first
	for r.piece < len(b.pieces) && skip >= int64(len(b.pieces[r.piece])) {
		skip -= int64(len(b.pieces[r.piece]))
		r.piece++
	}
	r.at = int(skip)
	return r
}

// Read implements [io.Reader].
func (r *reader) Read(p []byte) (n int, err error) {
	for n < len(p) && r.left > 0 && !r.closed {
		next := r.next(int64(len(p) - n))
		n += copy(p[n:], next)
		r.advance(len(next))
	}
	if n == 0 && (r.left == 0 || r.closed) && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteTo implements [io.WriterTo], without a copy.
func (r *reader) WriteTo(w io.Writer) (sum int64, err error) {
	for r.left > 0 && !r.closed {
		n, err := w.Write(r.next(r.left))
		sum += int64(n)
		r.advance(n)
		if err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// next are the bytes that come next, most at the most.
func (r *reader) next(most int64) []byte {
	p := r.body.pieces[r.piece][r.at:]
	return p[:min(int64(len(p)), most, r.left)]
}

func (r *reader) advance(n int) {
	r.left -= int64(n)
	if r.at += n; r.at == len(r.body.pieces[r.piece]) {
		r.piece, r.at = r.piece+1, 0
	}
}

// Close implements [io.Closer].
func (r *reader) Close() error {
	if !r.closed {
		r.closed = true
		r.body.release()
	}
	return nil
}
