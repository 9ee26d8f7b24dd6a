package proxyheader

import (
	"errors"
	"io"
	"slices"
)

// Read reads a header from the beginning of a connection, and returns it with
// the bytes that came behind it, which are the client's own. It reads until the
// header is whole or cannot be one; for how long is its caller's to say.
func Read(r io.Reader) (h Header, after []byte, err error) {
	buf := make([]byte, 0, 256)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, MaxLen)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		h, used, perr := Parse(buf)
		switch {
		case perr == nil:
			return h, buf[used:], nil
		case !errors.Is(perr, ErrShort):
			return Header{}, nil, perr
		case err != nil:
			return Header{}, nil, err
		}
	}
}
