package h1

import (
	"bytes"
	"io"
	"net/http"

	"github.com/wyeproxy/wye/proxy/httpproxy/strict"
)

var (
	errChunkSize = &Malformed{"a chunk size is not a hexadecimal number of 63 bits", "7.1"}
	errChunkEnd  = &Malformed{"a chunk is not followed by CRLF", "7.1"}
	errChunkRest = &Malformed{"a chunk extension is none, or there is more of them than anybody needs", "7.1.1"}
)

// maxExtensions bounds what the chunk extensions of one body may cost (RFC
// 9112, 7.1.1: a recipient ought to limit it).
const maxExtensions = 4 << 10

// chunks are a body's, as they are read from its conn.
type chunks struct {
	left  int64 // of the chunk under way
	begun bool  // a chunk has come before: its CRLF is due
	extra int   // bytes of extensions so far
	ended bool
}

// read reads of the chunks' content; io.EOF is the end of the last one, whose
// trailer is then still to come.
func (ch *chunks) read(c *conn, p []byte) (int, error) {
	if ch.left == 0 && !ch.ended {
		if err := ch.next(c); err != nil {
			return 0, err
		}
	}
	if ch.ended {
		return 0, io.EOF
	}
	n, err := c.read(p[:min(int64(len(p)), ch.left)])
	ch.left -= int64(n)
	return n, err
}

// next reads what stands before a chunk's content.
func (ch *chunks) next(c *conn) error {
	if ch.begun {
		line, err := c.line()
		if err != nil {
			return err
		}
		if len(line) != 0 {
			return errChunkEnd
		}
	}
	line, err := c.line()
	if err != nil {
		return err
	}
	size, rest, err := chunkSize(line)
	if err != nil {
		return err
	}
	if ch.extra += rest; ch.extra > maxExtensions {
		return errChunkRest
	}
	ch.begun, ch.left, ch.ended = true, size, size == 0
	return nil
}

// chunkSize reads a line before a chunk: its size and, of no interest,
// extensions, of which it returns the length.
func chunkSize(line []byte) (size int64, rest int, err error) {
	i := 0
	for ; i < len(line); i++ {
		d := hexDigit(line[i])
		if d < 0 {
			break
		}
		if size >= 1<<59 { // four more bits would not fit
			return 0, 0, errChunkSize
		}
		size = size<<4 | int64(d)
	}
	rest = len(line) - i
	if i == 0 {
		return 0, 0, errChunkSize
	}
	if ext := bytes.TrimRight(line[i:], " \t"); len(ext) > 0 {
		if ext = bytes.TrimLeft(ext, " \t"); ext[0] != ';' || strict.ValueLen(ext) != len(ext) {
			return 0, 0, errChunkRest
		}
	}
	return size, rest, nil
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b|0x20 >= 'a' && b|0x20 <= 'f':
		return int(b|0x20-'a') + 10
	}
	return -1
}

// line reads up to CRLF, which is not part of it. It is valid until the next
// read.
func (c *conn) line() ([]byte, error) {
	seen := 0
	for {
		if n := bytes.IndexByte(c.buffered()[seen:], '\n'); n >= 0 {
			n += seen
			line := c.buf[c.r : c.r+n]
			c.r += n + 1
			if n == 0 || line[n-1] != '\r' {
				return nil, errBareLF
			}
			return line[:n-1], nil
		}
		seen = c.w - c.r
		if err := c.more(bufSize); err != nil {
			return nil, err
		}
	}
}

// more reads more behind what is buffered, up to most bytes in all.
func (c *conn) more(most int) error {
	if err := c.moves(); err != nil {
		return err
	}
	err := c.fill()
	if err == io.ErrShortBuffer {
		if err = c.grow(most); err == nil {
			err = c.fill()
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// readTrailer reads the fields after the last chunk.
func (c *conn) readTrailer() (http.Header, error) {
	for seen := 0; ; {
		held := c.buffered()
		end, err := endOfHead(held, seen)
		if err != nil {
			return nil, err
		}
		if end == 2 {
			c.r += end
			return nil, nil
		}
		if end > 0 {
			fields, err := parseFields(string(held[:end]), nil)
			c.r += end
			for name := range fields {
				if framesOrRoutes(name) {
					return nil, errTrailer
				}
			}
			return fields, err
		}
		seen = len(held)
		if err := c.more(c.carrier.MaxHead); err != nil {
			return nil, err
		}
	}
}
