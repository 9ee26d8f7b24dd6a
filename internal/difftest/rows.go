package difftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// packRow makes one comparable string of a row's columns: each a length, -1
// for NULL, and its bytes.
func packRow(values [][]byte) string {
	var b []byte
	for _, v := range values {
		if v == nil {
			b = binary.BigEndian.AppendUint32(b, 0xFFFFFFFF)
			continue
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	return string(b)
}

// unpackRow is for people, and for those who put rows together.
func unpackRow(row string) (values []*string) {
	for len(row) >= 4 {
		n := int32(binary.BigEndian.Uint32([]byte(row)))
		row = row[4:]
		if n < 0 || int(n) > len(row) {
			values = append(values, nil)
			continue
		}
		v := row[:n]
		values, row = append(values, &v), row[n:]
	}
	return values
}

// showRow prints a row for a report.
func showRow(row string) string {
	var words []string
	for _, v := range unpackRow(row) {
		switch {
		case v == nil:
			words = append(words, "NULL")
		case printable(*v):
			words = append(words, *v)
		default:
			words = append(words, fmt.Sprintf("%x", *v))
		}
	}
	return strings.Join(words, " | ")
}

func printable(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == '\uFFFD' }) < 0
}

// binaryHead is the signature, flags and extension length of a binary COPY.
var binaryHead = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// splitCopy cuts what a COPY TO sent into rows. Lines with line breaks within
// quotes are cut too, which compares no less.
func splitCopy(all []byte, isBinary bool) (rows []string, err error) {
	if !isBinary {
		for line := range strings.Lines(string(all)) {
			rows = append(rows, packRow([][]byte{[]byte(line)}))
		}
		return rows, nil
	}
	rest, ok := bytes.CutPrefix(all, binaryHead)
	if !ok {
		return nil, fmt.Errorf("binary COPY data begins with %x", all[:min(len(all), len(binaryHead))])
	}
	for {
		if len(rest) < 2 {
			return nil, errShort
		}
		n := int16(binary.BigEndian.Uint16(rest))
		if rest = rest[2:]; n < 0 {
			break
		}
		end := 0
		for range n {
			if len(rest) < end+4 {
				return nil, errShort
			}
			if size := int32(binary.BigEndian.Uint32(rest[end:])); size > 0 {
				end += int(size)
			}
			end += 4
		}
		if len(rest) < end {
			return nil, errShort
		}
		rows, rest = append(rows, string(rest[:end])), rest[end:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes behind the end of binary COPY data", len(rest))
	}
	return rows, nil
}
