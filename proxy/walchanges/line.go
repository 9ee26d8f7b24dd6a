package walchanges

import (
	"bytes"
	"strconv"
	"strings"
)

// Kind is what a line of the plugin is about.
type Kind int

// The kinds. Other is a line that this package does not know: whoever reads
// it must think that anything was written.
const (
	Other Kind = iota
	Begin
	Commit
	Change
)

// XID reads the transaction's number off a line that begins or commits it.
func XID(line []byte) (uint32, bool) {
	_, number, _ := bytes.Cut(line, []byte(" "))
	n, err := strconv.ParseUint(string(number), 10, 32)
	return uint32(n), err == nil
}

// Line reads one line of test_decoding (contrib/test_decoding/test_decoding.c):
// of a change, the names of its tables without schema. They may alias line.
func Line(line []byte) (kind Kind, tables []string) {
	switch {
	case bytes.HasPrefix(line, []byte("BEGIN")):
		return Begin, nil
	case bytes.HasPrefix(line, []byte("COMMIT")):
		return Commit, nil
	}
	rest, ok := bytes.CutPrefix(line, []byte("table "))
	if !ok {
		return Other, nil
	}
	for {
		var name string
		if _, rest, ok = identifier(rest); !ok { // the schema
			return Other, nil
		}
		if rest, ok = bytes.CutPrefix(rest, []byte(".")); !ok {
			return Other, nil
		}
		if name, rest, ok = identifier(rest); !ok {
			return Other, nil
		}
		tables = append(tables, name)
		switch {
		case bytes.HasPrefix(rest, []byte(": ")):
			return Change, tables
		case bytes.HasPrefix(rest, []byte(", ")):
			rest = rest[2:] // TRUNCATE of several
		default:
			return Other, nil
		}
	}
}

// identifier reads one as quote_identifier wrote it.
func identifier(b []byte) (name string, rest []byte, ok bool) {
	if len(b) == 0 {
		return "", nil, false
	}
	if b[0] != '"' {
		n := bytes.IndexAny(b, ".:, ")
		if n <= 0 {
			return "", nil, false
		}
		return string(b[:n]), b[n:], true
	}
	for i := 1; i < len(b); i++ {
		if b[i] != '"' {
			continue
		}
		if i+1 < len(b) && b[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(string(b[1:i]), `""`, `"`), b[i+1:], true
	}
	return "", nil, false
}
