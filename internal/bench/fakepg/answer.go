//go:build linux

package fakepg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
)

// conn is one client; it belongs to the epoll thread.
type conn struct {
	fd     int
	role   Role
	part   []byte // a message that has not come whole yet
	out    []byte // what the socket did not take yet
	full   bool   // waiting for the socket
	path   bool   // the unnamed statement asks for the search_path
	status byte   // as in ReadyForQuery
	rows   int    // statements answered with rows and not yet counted by the server
}

// Bounds of what a client may make us keep: of one message, and of answers it
// has not read.
const (
	maxMessage = 1 << 20
	maxUnread  = 16 << 20
)

var (
	errMessage = errors.New("a message with an impossible length")
	errUnread  = errors.New("too many requests at a time")
)

// The canned answers: one integer column, one row.
var (
	columns     = frame(nil, 'T', append([]byte("\x00\x01abalance\x00"), 0, 0, 0x40, 0, 0, 3, 0, 0, 0, 23, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0))
	oneRow      = frame(nil, 'D', []byte{0, 1, 0, 0, 0, 1, '0'})
	selected    = tag("SELECT 1")
	rowAnswer   = bytes.Join([][]byte{columns, oneRow, selected}, nil)
	oneParam    = frame(nil, 't', []byte{0, 1, 0, 0, 0, 23})
	parsed      = frame(nil, '1', nil)
	bound       = frame(nil, '2', nil)
	closed      = frame(nil, '3', nil)
	beganTag    = tag("BEGIN")
	endedTag    = tag("COMMIT")
	rolledTag   = tag("ROLLBACK")
	setTag      = tag("SET")
	discardTag  = tag("DISCARD ALL")
	updatedTag  = tag("UPDATE 1")
	insertedTag = tag("INSERT 0 1")
	emptyAnswer = frame(nil, 'I', nil)
)

func tag(s string) []byte { return frame(nil, 'C', []byte(s+"\x00")) }

// take answers the messages in b into out and tells how many it did not know.
func (c *conn) take(b []byte) (unknown int, err error) {
	if len(c.part) > 0 {
		c.part = append(c.part, b...)
		b = c.part
	}
	for len(b) >= 5 {
		n := int64(binary.BigEndian.Uint32(b[1:])) + 1
		if n < 5 || n > maxMessage {
			return unknown, errMessage
		}
		if int64(len(b)) < n {
			break
		}
		if len(c.out) > maxUnread {
			return unknown, errUnread
		}
		if b[0] == 'X' {
			return unknown, errors.New("goodbye")
		}
		if !c.answer(b[0], b[5:n]) {
			unknown++
		}
		b = b[n:]
	}
	c.part = append(c.part[:0], b...) // append copies forward within c.part
	return unknown, nil
}

// answer appends the answer to one message; false means it is not known.
func (c *conn) answer(kind byte, body []byte) bool {
	switch kind {
	case 'Q':
		c.query(body)
		c.ready()
	case 'P':
		c.path = len(body) > 0 && body[0] == 0 && bytes.HasPrefix(body[1:], asksPath)
		c.out = append(c.out, parsed...)
	case 'B':
		c.out = append(c.out, bound...)
	case 'D':
		if len(body) > 0 && body[0] == 'S' {
			c.out = append(c.out, oneParam...)
		}
		c.out = append(c.out, columns...)
	case 'E':
		if c.path {
			c.out = append(append(c.out, pathRow...), selected...)
			break
		}
		c.rows++
		c.out = append(append(c.out, oneRow...), selected...)
	case 'C':
		c.out = append(c.out, closed...)
	case 'S':
		c.ready()
	case 'H':
	default:
		return false
	}
	return true
}

func (c *conn) ready() { c.out = append(c.out, 'Z', 0, 0, 0, 5, c.status) }

// query tells statements apart by their first three letters.
func (c *conn) query(text []byte) {
	text = bytes.TrimLeft(text, " \t\r\n")
	if len(text) < 3 {
		c.out = append(c.out, emptyAnswer...)
		return
	}
	const lower = 0x20
	switch string([]byte{text[0] | lower, text[1] | lower, text[2] | lower}) {
	case "beg":
		c.status = 'T'
		c.out = append(c.out, beganTag...)
	case "end", "com":
		c.status = 'I'
		c.out = append(c.out, endedTag...)
	case "rol":
		c.status = 'I'
		c.out = append(c.out, rolledTag...)
	case "set", "res":
		c.out = append(c.out, setTag...)
	case "dis":
		c.out = append(c.out, discardTag...)
	case "upd":
		c.out = append(c.out, updatedTag...)
	case "ins":
		c.out = append(c.out, insertedTag...)
	default:
		if !c.asked(text) {
			c.rows++
			c.result(text)
		}
	}
}

// rowBytes is the width of the rows of a large result.
const rowBytes = 1 << 10

// wide is a row of rowBytes.
var wide = frame(nil, 'D', append([]byte{0, 1, 0, 0, rowBytes >> 8, rowBytes & 0xff}, bytes.Repeat([]byte{'x'}, rowBytes)...))

// result answers with one small row, or with as many bytes as canned(n) says.
func (c *conn) result(text []byte) {
	_, rest, found := bytes.Cut(text, []byte("canned("))
	if !found {
		c.out = append(c.out, rowAnswer...)
		return
	}
	digits, _, _ := bytes.Cut(rest, []byte{')'})
	n, _ := strconv.Atoi(string(digits)) // no number asks for no rows
	n = min(n, maxMessage) / rowBytes
	c.out = append(c.out, columns...)
	for range n {
		c.out = append(c.out, wide...)
	}
	c.out = append(c.out, tag("SELECT "+strconv.Itoa(max(n, 0)))...)
}
