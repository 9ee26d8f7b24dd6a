//go:build linux

package fakepg

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"sync"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/router/catalog"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Role is whom a port plays.
type Role uint8

// A primary, and a standby that has replayed all of it.
const (
	Primary Role = iota
	Replica
	roles
)

// standby is what the role's in_hot_standby says.
func (r Role) standby() string {
	if r == Replica {
		return "on"
	}
	return "off"
}

// The questions of proxy/watch begin with asksRole; asksRare is in those that
// want all columns.
var (
	asksRole = []byte("SELECT r::pg_catalog.text")
	asksRare = []byte("pg_postmaster_start_time")
)

// What each role answers, in the order of the columns. The position is the
// same on both: nobody ever writes.
var (
	light = [roles][]string{
		Primary: {"false", "0/3000148", "00000001"},
		Replica: {"true", "0/3000148", ""},
	}
	rare         = []string{"2026-01-01 00:00:00+00", "8192", "false", "1", "7000000000000000001"}
	lightAnswers = [roles][]byte{answerOf(light[Primary]), answerOf(light[Replica])}
	fullAnswers  = [roles][]byte{answerOf(light[Primary], rare...), answerOf(light[Replica], rare...)}
)

// What a shard is asked: whether it hashes as wye does, and its search_path.
var (
	asksHash   []byte
	hashAnswer []byte
	asksPath   = []byte("SELECT pg_catalog.current_setting('search_path')")
	pathRow    = frame(nil, 'D', append([]byte{0, 1, 0, 0, 0, 15}, `"$user", public`...))
)

func init() {
	sql, want := shardfunc.SelfCheck()
	asksHash, hashAnswer = []byte(sql+"\x00"), answerOf([]string{want})
}

// asked answers what wye asks a server for its own sake; false means that
// text is something else.
func (c *conn) asked(text []byte) bool {
	switch {
	case bytes.Equal(text, asksHash):
		c.out = append(c.out, hashAnswer...)
	case !bytes.HasPrefix(text, asksRole):
		return c.askedCatalog(text)
	case bytes.Contains(text, asksRare):
		c.out = append(c.out, fullAnswers[c.role]...)
	default:
		c.out = append(c.out, lightAnswers[c.role]...)
	}
	return true
}

var catalogQuestion = bytes.TrimLeft([]byte(catalog.Queries+"\x00"), " \t\r\n")

func (c *conn) askedCatalog(text []byte) bool {
	if !bytes.Equal(text, catalogQuestion) {
		return false
	}
	c.out = append(c.out, catalogAnswer()...)
	return true
}

// pgbenchCatalog is what PostgreSQL answers to catalog.Queries after
// `pgbench -i`, without its own functions and types.
//
//go:embed pgbench.catalog
var pgbenchCatalog string

var catalogAnswer = sync.OnceValue(func() (b []byte) {
	for _, rows := range plantest.Parse(pgbenchCatalog) {
		b = appendResult(b, rows)
	}
	return b
})

// answerOf is a result of one row.
func answerOf(first []string, more ...string) []byte {
	var row []*string
	for _, list := range [][]string{first, more} {
		for i := range list {
			row = append(row, &list[i])
		}
	}
	return appendResult(nil, [][]*string{row})
}

// appendResult is the answer to one statement; nil is NULL. The columns are
// text without a name, and none where there are no rows to tell how many.
func appendResult(b []byte, rows [][]*string) []byte {
	width := 0
	if len(rows) > 0 {
		width = len(rows[0])
	}
	const textColumn = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"
	body := binary.BigEndian.AppendUint16(nil, uint16(width))
	b = frame(b, 'T', append(body, bytes.Repeat([]byte(textColumn), width)...))
	for _, row := range rows {
		body = binary.BigEndian.AppendUint16(body[:0], uint16(len(row)))
		for _, v := range row {
			if v == nil {
				body = append(body, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			body = append(binary.BigEndian.AppendUint32(body, uint32(len(*v))), *v...)
		}
		b = frame(b, 'D', body)
	}
	return append(b, selected...)
}
