package tcpproxy

import (
	"io"
	"sync"
)

// bufferSize is what is read at once. TLS records have 16 KiB at most
// (RFC 8446, 5.1).
const bufferSize = 16 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// moveAny moves bytes between connections of any kind until the first ends. It
// keeps its buffer while it waits.
func (h *half) moveAny() error {
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := h.from.Read(buf[:])
		if n > 0 {
			if _, werr := h.to.Write(buf[:n]); werr != nil {
				h.unheard = true
				return werr
			}
			h.moved.Add(int64(n))
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// rawPair tells whether both ends are plain sockets.
func (h *half) rawPair() (from, to socket, ok bool) {
	from, ok1 := h.from.(socket)
	to, ok2 := h.to.(socket)
	return from, to, ok1 && ok2
}
