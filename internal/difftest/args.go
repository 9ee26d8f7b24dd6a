package difftest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// Arg is the value of a parameter, as text.
type Arg struct {
	Type string // "" leaves the type to the server
	OID  uint32 // 0 leaves it to the server
	Text string
	Null bool
}

// types knows PostgreSQL's types by name, and both of their formats.
var types = pgtype.NewMap()

// parseArgs reads "int8 3 | text some words | int8 NULL"; the type "unknown"
// is one that the server infers.
func parseArgs(text string) (args []Arg, err error) {
	for part := range strings.SplitSeq(text, "|") {
		part = strings.TrimSpace(part)
		name, value, _ := strings.Cut(part, " ")
		a := Arg{Type: name, Text: value, Null: value == "NULL"}
		if name == "unknown" {
			a.Type = ""
		} else if t, ok := types.TypeForName(name); ok {
			a.OID = t.OID
		} else {
			return nil, fmt.Errorf("no type %q", name)
		}
		args = append(args, a)
	}
	return args, nil
}

// literal is the value in SQL, cast to its type if it has one.
func (a Arg) literal() string {
	s := "NULL"
	if !a.Null {
		s = "'" + strings.ReplaceAll(a.Text, "'", "''") + "'"
	}
	if a.Type != "" {
		s += "::" + strings.Replace(a.Type, "_", "", 1) + arraySuffix(a.Type)
	}
	return s
}

// arraySuffix is what the name of an array's type has, "_int8", as a cast.
func arraySuffix(name string) string {
	if strings.HasPrefix(name, "_") {
		return "[]"
	}
	return ""
}

// bytes is the value as a Bind message carries it. Without a type it is text.
func (a Arg) bytes(format int16) ([]byte, int16, error) {
	switch {
	case a.Null:
		return nil, format, nil
	case format == pgtype.TextFormatCode || a.OID == 0:
		return []byte(a.Text), pgtype.TextFormatCode, nil
	}
	t, ok := types.TypeForOID(a.OID)
	if !ok {
		return nil, 0, fmt.Errorf("no type %d", a.OID)
	}
	v, err := t.Codec.DecodeValue(types, a.OID, pgtype.TextFormatCode, []byte(a.Text))
	if err != nil {
		return nil, 0, fmt.Errorf("%s %q: %w", a.Type, a.Text, err)
	}
	b, err := types.Encode(a.OID, format, v, nil)
	return b, format, err
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// inlined is the statement with its arguments as literals, for the simple
// protocol, which has no parameters.
func (s Step) inlined() string {
	return parameter.ReplaceAllStringFunc(s.SQL, func(p string) string {
		n, err := strconv.Atoi(p[1:])
		if err != nil || n < 1 || n > len(s.Args) {
			return p
		}
		return s.Args[n-1].literal()
	})
}
