package copysplit

import (
	"encoding/binary"
	"strings"
)

// Writer makes a COPY TO STDOUT of rows whose values PostgreSQL has printed:
// in text for text and csv, which is what COPY itself would print, or in
// binary. It only quotes them, as CopyAttributeOutText and CopyAttributeOutCSV
// in src/backend/commands/copyto.c do. Not safe for concurrent use.
type Writer struct {
	format Format
	always []bool // columns that csv quotes whatever is in them
}

// NewWriter returns a Writer of rows of so many columns; quoted are those of
// FORCE_QUOTE, from 0. The error is what PostgreSQL would say of the options.
func NewWriter(f Format, columns int, quoted []int) (*Writer, error) {
	f, err := f.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &Writer{format: f, always: make([]bool, columns)}
	for _, i := range quoted {
		w.always[i] = true
	}
	return w, nil
}

// AppendHeader appends what stands before the rows.
func (w *Writer) AppendHeader(dst []byte, names []string) []byte {
	switch {
	case w.format.Binary:
		return append(append(dst, signature...), make([]byte, binaryHead-len(signature))...)
	case !w.format.Header:
		return dst
	}
	for i, name := range names {
		if i > 0 {
			dst = append(dst, w.format.Delimiter)
		}
		if w.format.CSV {
			dst = w.appendCSV(dst, name, false, len(names) == 1)
		} else {
			dst = w.appendText(dst, name)
		}
	}
	return append(dst, '\n')
}

// AppendRow appends a row; nil is NULL.
func (w *Writer) AppendRow(dst []byte, values [][]byte) []byte {
	if w.format.Binary {
		return appendBinary(dst, values)
	}
	for i, v := range values {
		if i > 0 {
			dst = append(dst, w.format.Delimiter)
		}
		switch {
		case v == nil:
			dst = append(dst, w.format.Null...)
		case w.format.CSV:
			dst = w.appendCSV(dst, string(v), i < len(w.always) && w.always[i], len(values) == 1)
		default:
			dst = w.appendText(dst, string(v))
		}
	}
	return append(dst, '\n')
}

// AppendTrailer appends what stands behind the rows.
func (w *Writer) AppendTrailer(dst []byte) []byte {
	if w.format.Binary {
		dst = append(dst, 0xff, 0xff)
	}
	return dst
}

func appendBinary(dst []byte, values [][]byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(values)))
	for _, v := range values {
		if v == nil {
			dst = binary.BigEndian.AppendUint32(dst, 0xffffffff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v)))
		dst = append(dst, v...)
	}
	return dst
}

// textEscapes are the control characters that have a letter.
var textEscapes = map[byte]byte{'\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v'}

func (w *Writer) appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		letter, known := textEscapes[c]
		switch {
		case known:
			dst = append(dst, '\\', letter)
		case c == '\\' || c == w.format.Delimiter:
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (w *Writer) appendCSV(dst []byte, s string, quote, alone bool) []byte {
	f := &w.format
	// A line of \. alone would be taken for the end of the data.
	quote = quote || s == f.Null || alone && s == `\.` || strings.IndexByte(s, f.Delimiter) >= 0 || strings.IndexByte(s, f.Quote) >= 0 || strings.ContainsAny(s, "\r\n")
	if !quote {
		return append(dst, s...)
	}
	dst = append(dst, f.Quote)
	for i := range len(s) {
		if s[i] == f.Quote || s[i] == f.Esc {
			dst = append(dst, f.Esc)
		}
		dst = append(dst, s[i])
	}
	return append(dst, f.Quote)
}
