package admin

import (
	"strings"
	"unicode/utf8"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

type kind byte

const (
	word   kind = 'w' // keyword, name or number; a leading digit is fine, as in PgBouncer
	quoted kind = '"' // a name in double quotes, text without them
	str    kind = '\''
	symbol kind = '.'
)

// token is a piece of the console's language. Names keep their case: PgBouncer
// does not fold it either.
type token struct {
	kind kind
	text string
	pos  int // of the first byte in the query
}

// is reports whether the token is this keyword or symbol, in any case.
func (t token) is(text string) bool {
	return (t.kind == word || t.kind == symbol) && strings.EqualFold(t.text, text)
}

// split cuts a query into statements and these into tokens. Empty statements
// are left out, so a query of comments gives none.
func split(query string) ([][]token, *pgerror.Error) {
	l := lexer{in: query}
	var all [][]token
	var current []token
	for {
		t, ok, err := l.next()
		switch {
		case err != nil:
			return nil, err
		case ok && !t.is(";"):
			current = append(current, t)
			continue
		}
		if len(current) > 0 {
			all, current = append(all, current), nil
		}
		if !ok {
			return all, nil
		}
	}
}

type lexer struct {
	in  string
	pos int
}

// next returns the next token, or ok = false at the end.
func (l *lexer) next() (t token, ok bool, err *pgerror.Error) {
	if err := l.skipBlanks(); err != nil || l.pos >= len(l.in) {
		return token{}, false, err
	}
	start := l.pos
	switch c := l.in[l.pos]; {
	case c == '\'' || c == '"':
		text, ok := l.delimited(c)
		if !ok {
			return token{}, false, syntaxAt(l.in, start, "unterminated quoted string")
		}
		return token{kind(c), text, start}, true, nil
	case isWordByte(c):
		for l.pos < len(l.in) && isWordByte(l.in[l.pos]) {
			l.pos++
		}
		return token{word, l.in[start:l.pos], start}, true, nil
	default:
		l.pos += symbolLen(l.in[l.pos:])
		return token{symbol, l.in[start:l.pos], start}, true, nil
	}
}

// delimited reads a string or a quoted name; a doubled delimiter stands for
// itself.
func (l *lexer) delimited(delimiter byte) (string, bool) {
	var b strings.Builder
	for l.pos++; l.pos < len(l.in); l.pos++ {
		c := l.in[l.pos]
		if c != delimiter {
			b.WriteByte(c)
			continue
		}
		if l.pos+1 < len(l.in) && l.in[l.pos+1] == delimiter {
			b.WriteByte(c)
			l.pos++
			continue
		}
		l.pos++
		return b.String(), true
	}
	return "", false
}

// skipBlanks skips white space and comments; /* */ nests, as in SQL.
func (l *lexer) skipBlanks() *pgerror.Error {
	for l.pos < len(l.in) {
		rest := l.in[l.pos:]
		switch {
		case strings.IndexByte(" \t\n\r\f\v", rest[0]) >= 0:
			l.pos++
		case strings.HasPrefix(rest, "--"):
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				l.pos += end
			} else {
				l.pos = len(l.in)
			}
		case strings.HasPrefix(rest, "/*"):
			n := commentLen(rest)
			if n == 0 {
				return syntaxAt(l.in, l.pos, "unterminated /* comment")
			}
			l.pos += n
		default:
			return nil
		}
	}
	return nil
}

// commentLen is the length of the comment that s begins with, 0 if it does not
// end.
func commentLen(s string) int {
	depth := 0
	for i := 0; i+1 < len(s); {
		switch s[i : i+2] {
		case "/*":
			depth++
			i += 2
		case "*/":
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return 0
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '_' || c == '.' || c == '$' || c >= utf8.RuneSelf
}

func symbolLen(s string) int {
	if len(s) > 1 {
		switch s[:2] {
		case "<=", ">=", "<>", "!=":
			return 2
		}
	}
	return 1
}

// syntaxAt is a syntax error at a byte of the query; clients want the position
// in characters.
func syntaxAt(query string, pos int, message string) *pgerror.Error {
	e := pgerror.New(pgerror.SyntaxError, message).WithHint("SHOW HELP lists the commands.")
	e.Position = utf8.RuneCountInString(query[:pos]) + 1
	return e
}
