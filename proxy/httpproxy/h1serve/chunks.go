package h1serve

import (
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
)

// errAll is after the last chunk and its trailer.
var errAll = errors.New("the body has come")

// chunk reads up to the data of the next chunk. The scanner has seen to it that
// everything is in its place and no extensions are left.
func (b *body) chunk() error {
	if b.within { // the end of the last one's data
		if _, err := b.line(); err != nil {
			return err
		}
		b.within = false
	}
	line, err := b.line()
	if err != nil {
		return err
	}
	size := int64(0)
	for _, digit := range line {
		size = size<<4 | int64(nibble(digit))
	}
	if size > 0 {
		b.left, b.within = size, true
		return nil
	}
	return b.trailer()
}

func nibble(digit byte) byte {
	if digit <= '9' {
		return digit - '0'
	}
	return digit&0x0f + 9
}

// trailer reads what comes after the last chunk into the request's Trailer.
func (b *body) trailer() error {
	for {
		line, err := b.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return errAll
		}
		if b.trailed += len(line); b.trailed > b.c.server.MaxHead {
			return errBigHead
		}
		name, value, _ := strings.Cut(string(line), ":")
		r := &b.w.req.Request
		if r.Trailer == nil {
			r.Trailer = make(http.Header)
		}
		r.Trailer.Add(textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t"))
	}
}

// line takes a line from the conn's buffer. It is good until the next read.
func (b *body) line() ([]byte, error) {
	c := b.c
	for {
		if i := bytes.Index(c.buf[c.r:c.w], headEnd[:2]); i >= 0 {
			line := c.buf[c.r : c.r+i]
			c.r += i + 2
			return line, nil
		}
		if err := c.room(); err != nil {
			return nil, err
		}
		if err := c.fill(); err != nil {
			return nil, err
		}
	}
}
