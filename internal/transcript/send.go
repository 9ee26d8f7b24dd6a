package transcript

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// message turns the part of a script line after `> ` into bytes:
//
//	Q "sql"                                     P name "sql" [int4 23]
//	B portal stmt [formats] [args] [formats]    D S name | D P name
//	E portal maxrows                            C S name | C P name
//	H  S  c  X                                  d "data"   f "reason"   p "password"
//	F oid [formats] [args] format
//	startup k=v ... (version=3.2)               ssl   gss
//	raw Q "body as is"        a frame with a right length around any body
//	len 100 Q "body"          a frame that announces another length
//	hex 51 00 00 ...          bytes as they stand
//	*100 P s{i} "select {i}"  any of these, again and again, {i} counting from 0
//
// Names are bare words or strings, "" is the unnamed one.
func message(line string) ([]byte, error) {
	if strings.HasPrefix(line, "*") {
		return repeated(line)
	}
	if rest, ok := strings.CutPrefix(line, "hex "); ok {
		return hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	}
	toks, err := tokens(line)
	if err != nil {
		return nil, err
	}
	if len(toks) == 0 {
		return nil, fmt.Errorf("empty message")
	}
	a := args{toks: toks[1:]}
	out := a.encode(toks[0].text)
	if a.err == nil && len(a.toks) > 0 {
		a.err = fmt.Errorf("%d tokens too many", len(a.toks))
	}
	return out, a.err
}

func repeated(line string) ([]byte, error) {
	count, rest, _ := strings.Cut(line[1:], " ")
	n, err := strconv.Atoi(count)
	if err != nil || n > 1_000_000 {
		return nil, fmt.Errorf("bad count in %q", line)
	}
	var out []byte
	for i := range n {
		b, err := message(strings.ReplaceAll(rest, "{i}", strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// args takes the tokens of one line from left to right; the first error stays.
type args struct {
	toks []token
	err  error
}

func (a *args) encode(kind string) []byte {
	switch kind {
	case "Q", "f", "p":
		return frame(kind[0], cstring(a.text()))
	case "d":
		return frame('d', []byte(a.text()))
	case "P":
		return frame('P', a.parse())
	case "B":
		return frame('B', a.bind())
	case "D", "C":
		return frame(kind[0], append([]byte(a.text()), cstring(a.text())...))
	case "E":
		return frame('E', binary.BigEndian.AppendUint32(cstring(a.text()), uint32(a.number())))
	case "H", "S", "c", "X":
		return frame(kind[0], nil)
	case "F":
		return frame('F', a.call())
	case "raw":
		return frame(a.letter(), []byte(a.text()))
	case "len":
		n, typ := a.number(), a.letter()
		return append(binary.BigEndian.AppendUint32([]byte{typ}, uint32(n)), a.text()...)
	case "startup":
		return a.startup()
	case "ssl":
		return []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}
	case "gss":
		return []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30}
	}
	a.err = fmt.Errorf("unknown message %q", kind)
	return nil
}

func (a *args) next() token {
	if len(a.toks) == 0 {
		if a.err == nil {
			a.err = fmt.Errorf("message too short")
		}
		return token{kind: 's', text: "?"}
	}
	t := a.toks[0]
	a.toks = a.toks[1:]
	return t
}

func (a *args) text() string { return a.next().text }

func (a *args) letter() byte {
	s := a.text()
	if len(s) != 1 && a.err == nil {
		a.err = fmt.Errorf("message type %q is not one letter", s)
	}
	return (s + "?")[0]
}

func (a *args) number() int {
	n, err := strconv.Atoi(a.text())
	if err != nil && a.err == nil {
		a.err = err
	}
	return n
}

// list is empty when the line has ended: trailing lists may be left out.
func (a *args) list() []token {
	if len(a.toks) == 0 {
		return nil
	}
	t := a.next()
	if t.kind != '[' && a.err == nil {
		a.err = fmt.Errorf("%q is not a list", t.text)
	}
	return t.list
}

func (a *args) parse() []byte {
	out := append(cstring(a.text()), cstring(a.text())...)
	oids := a.list()
	out = binary.BigEndian.AppendUint16(out, uint16(len(oids)))
	for _, t := range oids {
		out = binary.BigEndian.AppendUint32(out, a.oid(t.text))
	}
	return out
}

func (a *args) oid(name string) uint32 {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n)
	}
	t, ok := types.TypeForName(name)
	if !ok && a.err == nil {
		a.err = fmt.Errorf("unknown type %q", name)
	}
	if !ok {
		return 0
	}
	return t.OID
}

func (a *args) bind() []byte {
	out := append(cstring(a.text()), cstring(a.text())...)
	out = a.formats(out)
	out = a.values(out)
	return a.formats(out)
}

func (a *args) call() []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(a.number()))
	out = a.formats(out)
	out = a.values(out)
	return binary.BigEndian.AppendUint16(out, uint16(a.number()))
}

func (a *args) formats(out []byte) []byte {
	list := a.list()
	out = binary.BigEndian.AppendUint16(out, uint16(len(list)))
	for _, t := range list {
		n, err := strconv.Atoi(t.text)
		if err != nil && a.err == nil {
			a.err = err
		}
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	return out
}

func (a *args) values(out []byte) []byte {
	list := a.list()
	out = binary.BigEndian.AppendUint16(out, uint16(len(list)))
	for _, t := range list {
		if t.kind == '0' {
			out = append(out, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.text)))
		out = append(out, t.text...)
	}
	return out
}

// startup writes a StartupMessage. Order and duplicates stay as written.
func (a *args) startup() []byte {
	version := "3.0"
	var params []byte
	for len(a.toks) > 0 {
		k, v, ok := strings.Cut(a.text(), "=")
		if !ok && a.err == nil {
			a.err = fmt.Errorf("startup parameter %q has no =", k)
		}
		if k == "version" {
			version = v
			continue
		}
		params = append(append(params, cstring(k)...), cstring(v)...)
	}
	params = append(params, 0)
	major, minor, _ := strings.Cut(version, ".")
	hi, err1 := strconv.Atoi(major)
	lo, err2 := strconv.Atoi(minor)
	if (err1 != nil || err2 != nil) && a.err == nil {
		a.err = fmt.Errorf("bad version %q", version)
	}
	out := binary.BigEndian.AppendUint32(nil, uint32(8+len(params)))
	out = binary.BigEndian.AppendUint16(out, uint16(hi))
	out = binary.BigEndian.AppendUint16(out, uint16(lo))
	return append(out, params...)
}

func cstring(s string) []byte { return append([]byte(s), 0) }

func frame(typ byte, body []byte) []byte {
	out := make([]byte, 0, 5+len(body))
	out = binary.BigEndian.AppendUint32(append(out, typ), uint32(4+len(body)))
	return append(out, body...)
}
