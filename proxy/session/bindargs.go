package session

import (
	"encoding/binary"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// withArgs returns st as a portal with these arguments runs it: where they
// say which parameter is set to what, that is read from them. args is a Bind
// message after its names; nil when there is too much of it to look at.
func (st *statement) withArgs(args []byte) *statement {
	if len(st.read.Parts) != 1 || !dependsOnArgs(st.read.Parts[0].Effects) {
		return st
	}
	values, ok := bindArgs(args)
	if !ok {
		return st
	}
	portal := *st
	for _, e := range st.read.Parts[0].Effects {
		portal.bound = append(portal.bound, resolve(e, values)...)
	}
	return &portal
}

func dependsOnArgs(effects []sqlparse.Effect) bool {
	for i := range effects {
		if e := &effects[i]; e.NameArg != 0 || e.ValueArg != 0 || e.LocalArg != 0 {
			return true
		}
	}
	return false
}

// resolve puts the arguments into one effect. What cannot be read stays as
// it is: then the server is asked.
func resolve(e sqlparse.Effect, values []arg) []sqlparse.Effect {
	name, value, local := e.Name, &e.Value, e.Local
	if e.NameArg != 0 {
		a, ok := argAt(values, e.NameArg)
		if !ok || a.value == nil {
			return []sqlparse.Effect{e}
		}
		name = string(a.value)
	}
	if e.ValueArg != 0 {
		a, ok := argAt(values, e.ValueArg)
		if !ok {
			return []sqlparse.Effect{e}
		}
		value = nil
		if a.value != nil {
			text := string(a.value)
			value = &text
		}
	}
	if e.LocalArg != 0 {
		a, ok := argAt(values, e.LocalArg)
		is, known := boolArg(a)
		if !ok || !known {
			return []sqlparse.Effect{e}
		}
		local = is
	}
	if e.Kind != sqlparse.SetParam {
		return []sqlparse.Effect{e}
	}
	return sqlparse.SetConfig(name, value, local)
}

// arg is one argument of a Bind; value nil is NULL.
type arg struct {
	value  []byte
	binary bool
}

func argAt(values []arg, n int) (arg, bool) {
	if n < 1 || n > len(values) {
		return arg{}, false
	}
	return values[n-1], true
}

// boolArg reads a boolean as boolin does, or its one binary byte.
func boolArg(a arg) (is, known bool) {
	if a.binary {
		return len(a.value) == 1 && a.value[0] != 0, len(a.value) == 1
	}
	switch string(a.value) {
	case "t", "true", "y", "yes", "on", "1", "T", "TRUE", "True":
		return true, true
	case "f", "false", "n", "no", "off", "0", "F", "FALSE", "False":
		return false, true
	}
	return false, false
}

// bindArgs reads the formats and arguments of a Bind. The binary form of
// text is the text, so only booleans care about the format.
func bindArgs(b []byte) ([]arg, bool) {
	formats, b, ok := counted(b, 2)
	if !ok {
		return nil, false
	}
	if len(b) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	values := make([]arg, 0, min(n, 16))
	for i := 0; i < n; i++ {
		value, rest, ok := bindValue(b)
		if !ok {
			return nil, false
		}
		values, b = append(values, arg{binary: formatOf(formats, i) == 1, value: value}), rest
	}
	return values, true
}

// bindValue splits one argument off b; nil is NULL.
func bindValue(b []byte) (value, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	size := int32(binary.BigEndian.Uint32(b))
	b = b[4:]
	switch {
	case size < 0:
		return nil, b, true
	case int64(size) > int64(len(b)):
		return nil, nil, false
	}
	return b[:size:size], b[size:], true // b is not nil: there were 4 bytes
}

// counted splits a 2-byte count and that many items of width bytes off b.
func counted(b []byte, width int) (items, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b)) * width
	if len(b)-2 < n {
		return nil, nil, false
	}
	return b[2 : 2+n], b[2+n:], true
}

// formatOf returns the format code of argument i: none given means text, one
// is for all.
func formatOf(formats []byte, i int) uint16 {
	switch len(formats) {
	case 0:
		return 0
	case 2:
		i = 0
	}
	if 2*i+2 > len(formats) {
		return 0
	}
	return binary.BigEndian.Uint16(formats[2*i:])
}

// planArgs appends the arguments of a Bind as plans take them. They alias it.
func planArgs(list []plan.Arg, args, oids []byte) ([]plan.Arg, bool) {
	formats, b, ok := counted(args, 2)
	if !ok || len(b) < 2 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	b = b[2:]
	for i := range n {
		value, rest, ok := bindValue(b)
		if !ok {
			return nil, false
		}
		a := plan.Arg{Value: value, Null: value == nil, OID: oidAt(oids, i)}
		if formatOf(formats, i) == 1 {
			a.Format = 1
		}
		list, b = append(list, a), rest
	}
	return list, true
}

// oidAt is the i-th type of a Parse's list, 0 where it says none.
func oidAt(oids []byte, i int) uint32 {
	if len(oids) < 2+4*(i+1) {
		return 0
	}
	b := oids[2+4*i:]
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}
