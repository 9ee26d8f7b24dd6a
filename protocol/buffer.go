package protocol

import "sync"

// Sizes of the two kinds of pooled buffers, in bytes. Requests are small;
// answers are forwarded as they come, and 64 KiB a read takes a quarter of
// the CPU that 8 KiB take (performance.md 4.3). The rest is for the headers of
// a result of 64 KiB, which is held whole while its server may still die.
const (
	RequestBuffer = 8 << 10
	AnswerBuffer  = 72 << 10
)

// Buffer is bytes read and not yet consumed: B[R:W]. It has one owner at a
// time and is not safe for concurrent use.
type Buffer struct {
	B    []byte
	R, W int
}

var requestBuffers = sync.Pool{New: func() any { return &Buffer{B: make([]byte, RequestBuffer)} }}
var answerBuffers = sync.Pool{New: func() any { return &Buffer{B: make([]byte, AnswerBuffer)} }}

// NewRequestBuffer lends an empty buffer of RequestBuffer bytes.
func NewRequestBuffer() *Buffer { return requestBuffers.Get().(*Buffer) }

// NewAnswerBuffer lends an empty buffer of AnswerBuffer bytes.
func NewAnswerBuffer() *Buffer { return answerBuffers.Get().(*Buffer) }

// Release gives b back; the caller must not use it or anything that aliases
// it afterwards. A buffer that has grown is left to the collector.
func (b *Buffer) Release() {
	b.R, b.W = 0, 0
	switch len(b.B) {
	case RequestBuffer:
		requestBuffers.Put(b)
	case AnswerBuffer:
		answerBuffers.Put(b)
	}
}

// Unread returns what is there and not yet consumed. It is valid until the
// next Space, Grow or Release.
func (b *Buffer) Unread() []byte { return b.B[b.R:b.W] }

// Consume drops the first n unread bytes.
func (b *Buffer) Consume(n int) {
	b.R += n
	if b.R == b.W {
		b.R, b.W = 0, 0
	}
}

// Space returns the free room to read into, after moving what is unread to
// the front when the room at the end has become small.
func (b *Buffer) Space() []byte {
	if b.R > 0 && len(b.B)-b.W < len(b.B)/4 {
		b.W = copy(b.B, b.B[b.R:b.W])
		b.R = 0
	}
	return b.B[b.W:]
}

// Grow makes room for a frame of total bytes that starts at R.
func (b *Buffer) Grow(total int) {
	if total <= len(b.B) {
		b.W = copy(b.B, b.B[b.R:b.W])
		b.R = 0
		return
	}
	bigger := make([]byte, total)
	b.W = copy(bigger, b.B[b.R:b.W])
	b.R = 0
	b.B = bigger
}
