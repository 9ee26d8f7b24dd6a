package httpcache

import (
	"context"
	"io"
	"net/http"
)

// follower sends a body that is still arriving to one client. For one
// goroutine.
type follower struct {
	ctx       context.Context // the client's
	flight    *flight
	rec       *recording
	piece, at int
	// response is the owner's, which gets the trailers that came unannounced;
	// nil for all others.
	response *http.Response
	direct   bool        // it reads from the server itself
	unlink   func() bool // of the client's end from that
	closed   bool
}

// Read implements [io.Reader].
func (w *follower) Read(p []byte) (int, error) {
	if w.closed {
		return 0, http.ErrBodyReadAfterClose
	}
	if len(p) == 0 {
		return 0, nil
	}
	if w.direct {
		return w.readDirect(p)
	}
	chunk, state, err := w.rec.await(w.ctx, w.piece, w.at)
	switch {
	case len(chunk) > 0:
		n := copy(p, chunk)
		if w.at += n; n == cap(chunk) {
			w.piece, w.at = w.piece+1, 0
		}
		return n, nil
	case state == complete:
		w.trailers()
		return 0, io.EOF
	case state == handedOver && w.response != nil:
		w.direct = true
		w.unlink = context.AfterFunc(w.ctx, w.flight.cancel)
		w.rec.body.release()
		return w.readDirect(p)
	case err == nil:
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}

func (w *follower) readDirect(p []byte) (int, error) {
	n, err := w.rec.source.Read(p)
	if err == io.EOF {
		w.trailers()
	}
	return n, err
}

func (w *follower) trailers() {
	if w.response != nil && len(w.flight.origin.Trailer) > 0 {
		w.response.Trailer = w.flight.origin.Trailer
	}
}

// Close implements [io.Closer]. Whoever leaves early does not end a recording
// that others, or the store, may want.
func (w *follower) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if w.direct {
		w.unlink()
	} else {
		w.rec.body.release()
	}
	if w.response != nil {
		w.rec.disown()
	}
	w.flight.leave()
	return nil
}

// passing sends a body that is not kept from the server to the one client.
type passing struct {
	io.ReadCloser
	done func() // ends the request to the server
}

// Close implements [io.Closer].
func (p *passing) Close() error {
	err := p.ReadCloser.Close()
	p.done()
	return err
}
