package transcript

import (
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

var types = pgtype.NewMap()

// firstUserOID is FirstNormalObjectId in PostgreSQL's access/transam.h: OIDs
// from here on belong to user objects and differ from run to run.
const firstUserOID = 16384

// longValue is where a value is printed as its length and checksum instead.
const longValue = 200

// printed is the line for one server message, without the `< `.
func printed(typ byte, body []byte) string {
	b := &cursor{rest: body}
	text := string(typ)
	if s := b.message(typ); s != "" {
		text += " " + s
	}
	switch {
	case b.short:
		text += fmt.Sprintf(" malformed %x", body)
	case len(b.rest) > 0:
		text += fmt.Sprintf(" and %d bytes too many", len(b.rest))
	}
	return text
}

func (b *cursor) message(typ byte) string {
	switch typ {
	case 'R':
		return b.auth()
	case 'S':
		return b.parameter()
	case 'K':
		b.int32()
		return fmt.Sprintf("key of %d bytes", len(b.take(len(b.rest))))
	case 'v':
		return b.negotiated()
	case 'Z':
		return string(b.byte())
	case 'T':
		return b.rowDescription()
	case 't':
		return b.parameterTypes()
	case 'D':
		return b.dataRow()
	case 'C':
		return strconv.Quote(b.cstring())
	case 'E', 'N':
		return b.fault()
	case 'A':
		b.int32()
		return b.cstring() + " " + strconv.Quote(b.cstring())
	case 'G', 'H', 'W':
		return b.copyStart()
	case 'd':
		return value(b.take(len(b.rest)))
	case 'V':
		return b.value()
	}
	return ""
}

func (b *cursor) auth() string {
	switch kind := b.int32(); kind {
	case 0:
		return "ok"
	case 10:
		var names []string
		for name := b.cstring(); name != ""; name = b.cstring() {
			names = append(names, name)
		}
		return "sasl " + strings.Join(names, " ")
	default:
		b.take(len(b.rest))
		return fmt.Sprintf("kind %d", kind)
	}
}

func (b *cursor) parameter() string {
	name, val := b.cstring(), b.cstring()
	if name == "server_version" {
		val = "*"
	}
	return name + "=" + val
}

func (b *cursor) negotiated() string {
	hi, lo, n := b.int16(), b.int16(), b.int32()
	var names []string
	for i := 0; i < n && !b.short; i++ {
		names = append(names, strconv.Quote(b.cstring()))
	}
	return fmt.Sprintf("%d.%d [%s]", hi, lo, strings.Join(names, " "))
}

// rowDescription prints name:type, with ~typmod where there is one, *n for the
// n-th column of a table, /b for binary.
func (b *cursor) rowDescription() string {
	var out []string
	for i, n := 0, b.int16(); i < n && !b.short; i++ {
		col := b.cstring()
		table, attr, oid := b.int32(), b.int16(), b.int32()
		b.int16()
		typmod, format := b.int32(), b.int16()
		if b.short {
			break
		}
		col += ":" + typeName(uint32(oid))
		if typmod != -1 {
			col += fmt.Sprintf("~%d", typmod)
		}
		if table != 0 {
			col += fmt.Sprintf("*%d", attr)
		}
		if format == 1 {
			col += "/b"
		}
		out = append(out, col)
	}
	return strings.Join(out, " ")
}

func typeName(oid uint32) string {
	if t, ok := types.TypeForOID(oid); ok {
		return t.Name
	}
	if oid >= firstUserOID {
		return "user"
	}
	return strconv.Itoa(int(oid))
}

func (b *cursor) parameterTypes() string {
	var out []string
	for i, n := 0, b.int16(); i < n && !b.short; i++ {
		out = append(out, typeName(uint32(b.int32())))
	}
	return "[" + strings.Join(out, " ") + "]"
}

func (b *cursor) dataRow() string {
	var out []string
	for i, n := 0, b.int16(); i < n && !b.short; i++ {
		out = append(out, b.value())
	}
	return "[" + strings.Join(out, " ") + "]"
}

func (b *cursor) value() string {
	n := b.int32()
	if n == -1 {
		return "null"
	}
	return value(b.take(n))
}

// value prints bytes as a string where they are one, else as hex.
func value(v []byte) string {
	if len(v) > longValue {
		return fmt.Sprintf("len=%d crc=%08x", len(v), crc32.ChecksumIEEE(v))
	}
	for _, r := range string(v) {
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' {
			return fmt.Sprintf("x'%x'", v)
		}
	}
	return strconv.Quote(string(v))
}

// faultFields are the fields worth comparing, in the order they are printed.
// File, line and routine are left out: wye's own errors have none.
var faultFields = []struct {
	code byte
	name string
}{{'D', "detail"}, {'H', "hint"}, {'P', "pos"}, {'p', "ipos"}, {'q', "iquery"}, {'W', "where"},
	{'s', "schema"}, {'t', "table"}, {'c', "column"}, {'d', "type"}, {'n', "constraint"}}

func (b *cursor) fault() string {
	fields := map[byte]string{}
	for code := b.byte(); code != 0 && !b.short; code = b.byte() {
		fields[code] = b.cstring()
	}
	out := fmt.Sprintf("%s %s %q", fields['S'], fields['C'], fields['M'])
	if fields['V'] != fields['S'] {
		out += fmt.Sprintf(" V=%q", fields['V'])
	}
	for _, f := range faultFields {
		if v, ok := fields[f.code]; ok {
			out += fmt.Sprintf(" %s=%q", f.name, v)
		}
	}
	return out
}

func (b *cursor) copyStart() string {
	format := map[byte]string{0: "text", 1: "binary"}[b.byte()]
	n := b.int16()
	b.take(2 * n)
	return fmt.Sprintf("%s %d", format, n)
}
