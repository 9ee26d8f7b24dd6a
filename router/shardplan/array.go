package shardplan

import (
	"encoding/binary"
	"strings"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// maxElements bounds what is read of an array: more than that are all shards.
const maxElements = 100_000

// elements are those of an array constant or parameter, NULLs left out, as
// values to compare with a column of type t. false: it is not known.
func (v *value) elements(t shardfunc.Type, args []plan.Arg) ([]value, bool) {
	switch v.kind {
	case valueNull:
		return nil, true
	case valueText:
		return textElements(v.text, v.typ)
	case valueArg:
		if v.arg > len(args) {
			return nil, false
		}
		a := &args[v.arg-1]
		if !v.sure && !a.Null && (a.OID == 0 || a.OID == unknownOID) {
			return nil, false
		}
		return argElements(t, a, v.typ)
	}
	return nil, false
}

// arrayOIDs are the array types whose elements may be keys.
var arrayOIDs = map[uint32]shardfunc.Type{
	1005: shardfunc.Int2, 1007: shardfunc.Int4, 1016: shardfunc.Int8, 1009: shardfunc.Text, 1015: shardfunc.Varchar, 1014: shardfunc.Bpchar,
	2951: shardfunc.UUID, 1231: shardfunc.Numeric, 1182: shardfunc.Date, 1115: shardfunc.Timestamp, 1185: shardfunc.Timestamptz, 1001: shardfunc.Bytea,
}

func argElements(t shardfunc.Type, a *plan.Arg, cast shardfunc.Type) ([]value, bool) {
	typ := cast
	if a.OID != 0 && a.OID != unknownOID {
		given, ok := arrayOIDs[a.OID]
		if !ok || cast != 0 && cast != given {
			return nil, false
		}
		typ = given
	}
	switch {
	case a.Null:
		return nil, true
	case a.Format == 0:
		return textElements(string(a.Value), typ)
	case typ == 0:
		typ = t
	}
	return binaryElements(a.Value, typ)
}

// binaryElements reads the format of array_send: dimensions, whether there are
// NULLs, the element type; per dimension its length and lower bound; per
// element its length, -1 for NULL, and its bytes.
func binaryElements(b []byte, t shardfunc.Type) (list []value, ok bool) {
	const head, perDimension = 12, 8
	if len(b) < head {
		return nil, false
	}
	dims := binary.BigEndian.Uint32(b)
	if oid := binary.BigEndian.Uint32(b[8:]); dims > 6 || oid != t.OID() {
		return nil, false
	}
	count := uint64(1)
	for i := range int(dims) {
		if len(b) < head+perDimension*(i+1) {
			return nil, false
		}
		if count *= uint64(binary.BigEndian.Uint32(b[head+perDimension*i:])); count > maxElements {
			return nil, false
		}
	}
	if dims == 0 {
		return nil, len(b) == head
	}
	b = b[head+perDimension*int(dims):]
	for range count {
		if len(b) < 4 {
			return nil, false
		}
		n := int32(binary.BigEndian.Uint32(b)) //nolint:gosec // the protocol's int4
		b = b[4:]
		if n == -1 {
			continue
		}
		if n < 0 || int(n) > len(b) {
			return nil, false
		}
		v, err := shardfunc.FromBinary(t, b[:n])
		if err != nil {
			return nil, false
		}
		list = append(list, value{kind: valueTyped, v: v})
		b = b[n:]
	}
	return list, len(b) == 0
}

// textElements reads '{1,2,NULL,"a b"}' of one dimension; t is the type of a
// cast, or 0.
func textElements(text string, t shardfunc.Type) (list []value, ok bool) {
	text = strings.Trim(text, " \t\n\r\v\f")
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil, false
	}
	text = text[1 : len(text)-1]
	if strings.Trim(text, " \t\n\r\v\f") == "" {
		return nil, true
	}
	for {
		one, quoted, rest, ok := element(text)
		if !ok || len(list) >= maxElements {
			return nil, false
		}
		if quoted || !strings.EqualFold(one, "null") {
			list = append(list, value{kind: valueText, text: one, typ: t})
		}
		if rest == "" {
			return list, true
		}
		text = rest[1:] // a comma
	}
}

// element reads one element of an array; rest is "" or begins with a comma.
func element(text string) (one string, quoted bool, rest string, ok bool) {
	text = strings.TrimLeft(text, " \t\n\r\v\f")
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text, ',')
		if end < 0 {
			end = len(text)
		}
		one = strings.TrimRight(text[:end], " \t\n\r\v\f")
		return one, false, text[end:], one != "" && !strings.ContainsAny(one, `{}"\`)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; c {
		case '\\':
			if i++; i == len(text) {
				return "", false, "", false
			}
			b.WriteByte(text[i])
		case '"':
			rest = strings.TrimLeft(text[i+1:], " \t\n\r\v\f")
			return b.String(), true, rest, rest == "" || rest[0] == ','
		default:
			b.WriteByte(c)
		}
	}
	return "", false, "", false
}
