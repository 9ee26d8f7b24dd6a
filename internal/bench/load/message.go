//go:build linux

package load

import (
	"encoding/binary"
	"strconv"
)

// begin opens a message of that type; end fills in its length. Between them
// the body is appended.
func begin(b []byte, kind byte) ([]byte, int) { return append(b, kind, 0, 0, 0, 0), len(b) + 1 }

func end(b []byte, at int) []byte {
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at))
	return b
}

func cstring(b []byte, s string) []byte { return append(append(b, s...), 0) }

// appendQuery is the simple protocol: variables are written into the text.
func (st *step) appendQuery(b []byte, d *draw) []byte {
	b, at := begin(b, 'Q')
	for i, piece := range st.pieces {
		b = append(b, piece...)
		if i < len(st.args) {
			b = strconv.AppendInt(b, int64(d[st.args[i]]), 10)
		}
	}
	return end(append(b, 0), at)
}

// appendParse prepares the statement under that name; PostgreSQL infers the
// types.
func (st *step) appendParse(b []byte, name string) []byte {
	b, at := begin(b, 'P')
	b = cstring(cstring(b, name), st.params)
	return end(append(b, 0, 0), at)
}

// appendExecute is Bind, Describe and Execute of a prepared statement in the
// unnamed portal, as libpq sends them, and Sync.
func (st *step) appendExecute(b []byte, name string, d *draw) []byte {
	b, at := begin(b, 'B')
	b = cstring(append(b, 0), name)
	b = append(b, 0, 0) // all arguments are text
	b = binary.BigEndian.AppendUint16(b, uint16(len(st.args)))
	for _, v := range st.args {
		length := len(b)
		b = append(b, 0, 0, 0, 0)
		b = strconv.AppendInt(b, int64(d[v]), 10)
		binary.BigEndian.PutUint32(b[length:], uint32(len(b)-length-4))
	}
	b = end(append(b, 0, 0), at) // and so are all results
	b, at = begin(b, 'D')
	b = end(append(b, 'P', 0), at)
	b, at = begin(b, 'E')
	b = end(append(b, 0, 0, 0, 0, 0), at) // no row limit
	return appendSync(b)
}

func appendSync(b []byte) []byte {
	b, at := begin(b, 'S')
	return end(b, at)
}

func appendTerminate(b []byte) []byte {
	b, at := begin(b, 'X')
	return end(b, at)
}

// appendStep is one request of the script.
func (s *Script) appendStep(b []byte, p Protocol, i int, d *draw) []byte {
	st := &s.steps[i]
	switch p {
	case Simple:
		return st.appendQuery(b, d)
	case Prepared:
		return st.appendExecute(b, statementName(i), d)
	default:
		return st.appendExecute(st.appendParse(b, ""), "", d)
	}
}

func statementName(i int) string { return preparedNames[i] }

// preparedNames save a measurement from formatting them for each request.
var preparedNames = [...]string{"s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"}
