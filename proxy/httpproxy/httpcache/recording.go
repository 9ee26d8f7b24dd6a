package httpcache

import (
	"context"
	"errors"
	"io"
	"sync"
)

// errTruncated ends a recording whose server sent less, or more, than it said.
var errTruncated = errors.New("the server's response is not as long as it says")

// recording is a body that arrives: it is read as fast as the server sends,
// whatever the clients' speed, into memory that was reserved before. Those who
// follow it get what is there and wait for more.
//
// It has one end: complete, failed, or handed over to the one client that may
// go on reading from the server itself, since there is too much to be kept.
type recording struct {
	body   *body // its pieces and size grow under mu
	source io.ReadCloser
	length int64 // of which is known that it will come; -1 when it is not

	mu    sync.Mutex
	state recordingState
	err   error
	wake  chan struct{} // closed when there is more; nil when nobody waits
	owner bool          // a client is there to which it can be handed over
}

type recordingState int

const (
	arriving recordingState = iota
	complete
	failed
	handedOver
)

// pieceSize bounds the memory that the last piece of a body may waste.
const (
	firstPiece = 4 << 10
	maxPiece   = 64 << 10
)

// newRecording reserves room for a body of a known length, or says that there
// is none. Of others the room is reserved as they grow.
func newRecording(c *Cache, source io.ReadCloser, length int64) *recording {
	r := &recording{body: &body{cache: c}, source: source, length: length}
	if length > 0 {
		if !c.reserve(length) {
			return nil
		}
		r.body.cost = length
	}
	r.body.hold()
	return r
}

// pump reads to the end. It reports whether all is there.
func (r *recording) pump() bool {
	for {
		piece, ok := r.room()
		if !ok {
			r.end(handedOver, nil)
			return false
		}
		n, err := r.source.Read(piece[len(piece):cap(piece)])
		r.grow(n)
		switch {
		case err == io.EOF && (r.length < 0 || r.body.size == r.length):
			r.end(complete, nil)
			return true
		case err == io.EOF, err == nil && r.length >= 0 && r.body.size > r.length:
			r.end(failed, errTruncated)
			return false
		case err != nil:
			r.end(failed, err)
			return false
		}
	}
}

// room is the last piece, with room for more, or says that there is too much.
// Of a body of known length one byte more than there should be has room, so
// that the end is seen.
func (r *recording) room() ([]byte, bool) {
	b := r.body
	if k := len(b.pieces); k > 0 && len(b.pieces[k-1]) < cap(b.pieces[k-1]) {
		return b.pieces[k-1], true
	}
	size := int64(firstPiece)
	if len(b.pieces) > 0 {
		size = min(2*int64(cap(b.pieces[len(b.pieces)-1])), maxPiece)
	}
	switch c := b.cache; {
	case r.length >= 0 && b.size >= r.length:
		return make([]byte, 0, 1), true // nothing is to come
	case r.length >= 0:
		size = min(max(size, maxPiece), r.length-b.size)
	case b.size > c.settings.MaxEntry:
		return nil, false
	default:
		if size = min(size, c.settings.MaxEntry+1-b.size); !c.reserve(size) {
			return nil, false
		}
		b.cost += size
	}
	r.mu.Lock()
	b.pieces = append(b.pieces, make([]byte, 0, size))
	r.mu.Unlock()
	return b.pieces[len(b.pieces)-1], true
}

// grow publishes n more bytes of the last piece.
func (r *recording) grow(n int) {
	if n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.length < 0 || r.body.size+int64(n) <= r.length {
		last := &r.body.pieces[len(r.body.pieces)-1]
		*last = (*last)[:len(*last)+n]
	}
	r.body.size += int64(n)
	r.tell()
}

// tell wakes those who wait. The mutex is held.
func (r *recording) tell() {
	if r.wake != nil {
		close(r.wake)
		r.wake = nil
	}
}

// end is called once, by the pump. What nobody can go on with is closed.
func (r *recording) end(state recordingState, err error) {
	r.mu.Lock()
	r.state, r.err = state, err
	abandoned := state != handedOver || !r.owner
	r.tell()
	r.mu.Unlock()
	if abandoned {
		r.source.Close()
	}
}

// disown says that the owner is gone.
func (r *recording) disown() {
	r.mu.Lock()
	orphan := r.owner && r.state == handedOver
	r.owner = false
	r.mu.Unlock()
	if orphan {
		r.source.Close()
	}
}

// await is the state once something is there from piece and at on, or the end
// is.
func (r *recording) await(ctx context.Context, piece, at int) ([]byte, recordingState, error) {
	for {
		r.mu.Lock()
		if piece < len(r.body.pieces) && at < len(r.body.pieces[piece]) {
			p := r.body.pieces[piece][at:]
			r.mu.Unlock()
			return p, arriving, nil
		}
		if r.state != arriving {
			state, err := r.state, r.err
			r.mu.Unlock()
			return nil, state, err
		}
		if r.wake == nil {
			r.wake = make(chan struct{})
		}
		wake := r.wake
		r.mu.Unlock()
		select {
		case <-wake:
		case <-ctx.Done():
			return nil, failed, context.Cause(ctx)
		}
	}
}
