package transcript

import "encoding/binary"

// cursor reads the body of a message and never past its end.
type cursor struct {
	rest  []byte
	short bool
}

func (b *cursor) take(n int) []byte {
	if n < 0 || n > len(b.rest) {
		b.short, b.rest = true, nil
		return nil
	}
	out := b.rest[:n]
	b.rest = b.rest[n:]
	return out
}

func (b *cursor) byte() byte {
	if v := b.take(1); v != nil {
		return v[0]
	}
	return 0
}

func (b *cursor) int16() int {
	if v := b.take(2); v != nil {
		return int(int16(binary.BigEndian.Uint16(v)))
	}
	return 0
}

func (b *cursor) int32() int {
	if v := b.take(4); v != nil {
		return int(int32(binary.BigEndian.Uint32(v)))
	}
	return 0
}

func (b *cursor) cstring() string {
	for i, c := range b.rest {
		if c == 0 {
			s := string(b.rest[:i])
			b.rest = b.rest[i+1:]
			return s
		}
	}
	b.take(-1)
	return ""
}
