package h1

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"os"
	"sync/atomic"
)

// body is an answer's. Reads are one at a time; Close may come beside one.
type body struct {
	exchange
	answer *http.Response
	left   int64 // of a length that is known
	chunks chunks
	err    error // what reads end in
	done   atomic.Bool
}

// Read implements io.Reader. io.EOF is the end that the answer's framing says,
// anything else an answer that broke off.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.done.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := b.read(p)
	for err != nil && n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && b.feed.movedWithin(b.conn.carrier.Stall) {
		n, err = b.read(p) // nothing comes, but something goes
	}
	if err != nil {
		b.close(err)
		err = b.err
	}
	return n, err
}

func (b *body) read(p []byte) (int, error) {
	switch {
	case b.head.chunked:
		n, err := b.chunks.read(b.conn, p)
		if err == io.EOF && b.chunks.ended {
			if err = b.readTrailer(); err == nil {
				err = io.EOF
			}
			return n, err
		}
		return n, cutShort(err)
	case b.head.length < 0: // until the conn ends
		return b.conn.read(p)
	}
	n, err := b.conn.read(p[:min(int64(len(p)), b.left)])
	if b.left -= int64(n); b.left == 0 {
		return n, io.EOF
	}
	return n, cutShort(err)
}

// cutShort makes an error of an end that comes too early.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (b *body) readTrailer() error {
	fields, err := b.conn.readTrailer()
	if err != nil || len(fields) == 0 {
		return err
	}
	if b.answer.Trailer == nil {
		b.answer.Trailer = fields
		return nil
	}
	maps.Copy(b.answer.Trailer, fields)
	return nil
}

// close ends the exchange, once; io.EOF is its good end.
func (b *body) close(err error) {
	b.err = err
	if !b.done.CompareAndSwap(false, true) {
		return
	}
	if err == io.EOF {
		b.finish()
		return
	}
	if ctx := b.load.Context(); ctx.Err() != nil {
		b.err = ctx.Err()
	}
	b.end()
	_ = b.conn.Close()
}

// Close implements io.Closer. Before the end of the body it closes the conn.
func (b *body) Close() error {
	if b.done.CompareAndSwap(false, true) {
		b.end()
		_ = b.conn.Close()
	}
	return nil
}
