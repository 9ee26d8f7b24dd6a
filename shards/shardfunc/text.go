package shardfunc

import (
	"encoding/hex"
	"math"
	"strings"
)

// FromText is the value that PostgreSQL reads from the text of a constant, a
// parameter in text format, or a field of COPY. It is ErrUnknown for all that
// is not certain: what is out of range or wrong, and what settings (DateStyle,
// TimeZone) or versions decide. The length of a varchar(n) and the scale of a
// numeric(p,s) are not looked at; see Assign.
func FromText(t Type, s string) (Value, error) {
	switch t {
	case Int2, Int4, Int8:
		n, ok := readInt(s)
		if !ok || !fits(t, n) {
			return Value{}, ErrUnknown
		}
		return Int(n), nil
	case Text, Varchar, Bpchar:
		return text(t, s)
	case UUID:
		return readUUID(s)
	case Numeric:
		return readNumeric(s)
	case Date:
		return readDate(s)
	case Timestamp, Timestamptz:
		return readTimestamp(t, s)
	case Bytea:
		return readBytea(s)
	}
	return Value{}, ErrUnknown
}

func fits(t Type, n int64) bool {
	switch t {
	case Int2:
		return n >= math.MinInt16 && n <= math.MaxInt16
	case Int4:
		return n >= math.MinInt32 && n <= math.MaxInt32
	}
	return true
}

// isBlank is C's isspace, as PostgreSQL's numbers use it.
func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func trimBlanks(s string) string {
	for s != "" && isBlank(s[0]) {
		s = s[1:]
	}
	for s != "" && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// readInt reads what every version of PostgreSQL does: blanks, a sign, decimal
// digits, blanks. PostgreSQL 16 reads hexadecimal and underscores besides.
func readInt(s string) (int64, bool) {
	s = trimBlanks(s)
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg, s = s[0] == '-', s[1:]
	}
	if s == "" {
		return 0, false
	}
	n := int64(0) // negative, as there are more of those
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		d := int64(s[i] - '0')
		if n < (math.MinInt64+d)/10 {
			return 0, false
		}
		n = n*10 - d
	}
	if neg {
		return n, true
	}
	return -n, n != math.MinInt64
}

// readUUID reads 32 hexadecimal digits, with a hyphen after any four, in braces
// or not.
func readUUID(s string) (Value, error) {
	if strings.HasPrefix(s, "{") {
		if !strings.HasSuffix(s, "}") {
			return Value{}, ErrUnknown
		}
		s = s[1 : len(s)-1]
	}
	var b [16]byte
	for i := range b {
		if len(s) < 2 {
			return Value{}, ErrUnknown
		}
		hi, lo := nibble(s[0]), nibble(s[1])
		if hi > 15 || lo > 15 {
			return Value{}, ErrUnknown
		}
		b[i] = hi<<4 | lo
		s = s[2:]
		if i%2 == 1 && i < 15 && s != "" && s[0] == '-' {
			s = s[1:]
		}
	}
	if s != "" {
		return Value{}, ErrUnknown
	}
	return Value{typ: UUID, form: plain, s: string(b[:])}, nil
}

// nibble is the value of a hexadecimal digit, 16 for anything else.
func nibble(c byte) byte {
	switch {
	case isDigit(c):
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// readBytea reads both of bytea's formats.
func readBytea(s string) (Value, error) {
	if digits, ok := strings.CutPrefix(s, `\x`); ok {
		// PostgreSQL allows blanks between the pairs; they are rare.
		b, err := hex.DecodeString(digits)
		if err != nil {
			return Value{}, ErrUnknown
		}
		return Bytes(b), nil
	}
	if strings.IndexByte(s, '\\') < 0 {
		return Value{typ: Bytea, form: plain, s: s}, nil
	}
	b := make([]byte, 0, len(s))
	for s != "" {
		switch {
		case s[0] != '\\':
			b, s = append(b, s[0]), s[1:]
		case len(s) >= 2 && s[1] == '\\':
			b, s = append(b, '\\'), s[2:]
		case len(s) >= 4 && s[1] >= '0' && s[1] <= '3' && octal(s[2]) && octal(s[3]):
			b, s = append(b, (s[1]-'0')<<6|(s[2]-'0')<<3|(s[3]-'0')), s[4:]
		default:
			return Value{}, ErrUnknown
		}
	}
	return Bytes(b), nil
}

func octal(c byte) bool { return c >= '0' && c <= '7' }
