package transcript

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// token is one word, string, value or list of a script line.
type token struct {
	kind byte // 'w' bare word, 's' string or bytes, '0' null, '[' list
	text string
	list []token
}

// maxRepeat bounds "x"*N, so that a typing error does not eat the machine.
const maxRepeat = 64 << 20

// tokens splits a script line. Strings are Go's, also with back quotes, and
// may be repeated and joined: "ab"*3+"c". Bytes are x'00ff'.
func tokens(line string) ([]token, error) {
	list, rest, err := tokenList(line, false)
	if err == nil && rest != "" {
		err = fmt.Errorf("stray %q", rest)
	}
	return list, err
}

func tokenList(s string, nested bool) ([]token, string, error) {
	var out []token
	for {
		s = strings.TrimLeft(s, " \t,")
		if s == "" {
			if nested {
				return nil, "", fmt.Errorf("missing ]")
			}
			return out, "", nil
		}
		if s[0] == ']' {
			if !nested {
				return nil, "", fmt.Errorf("stray ]")
			}
			return out, s[1:], nil
		}
		one, rest, err := nextToken(s)
		if err != nil {
			return nil, "", err
		}
		out, s = append(out, one), rest
	}
}

func nextToken(s string) (token, string, error) {
	switch {
	case s[0] == '[':
		list, rest, err := tokenList(s[1:], true)
		return token{kind: '[', list: list}, rest, err
	case s[0] == '"' || s[0] == '`':
		return stringToken(s)
	case strings.HasPrefix(s, "x'"):
		return hexToken(s)
	}
	end := strings.IndexAny(s, " \t,[]")
	if end < 0 {
		end = len(s)
	}
	// k="v with blanks" is one word.
	if q := strings.Index(s[:end], `="`); q > 0 {
		value, rest, err := stringToken(s[q+1:])
		return token{kind: 'w', text: s[:q+1] + value.text}, rest, err
	}
	if s[:end] == "null" {
		return token{kind: '0'}, s[end:], nil
	}
	return token{kind: 'w', text: s[:end]}, s[end:], nil
}

func stringToken(s string) (token, string, error) {
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return token{}, "", fmt.Errorf("string %.40s: %w", s, err)
	}
	text, err := strconv.Unquote(quoted)
	if err != nil {
		return token{}, "", err
	}
	s = s[len(quoted):]
	if strings.HasPrefix(s, "*") {
		end := strings.IndexFunc(s[1:], func(r rune) bool { return r < '0' || r > '9' }) + 1
		if end < 1 {
			end = len(s)
		}
		n, err := strconv.Atoi(s[1:end])
		if err != nil || n < 0 || n*len(text) > maxRepeat {
			return token{}, "", fmt.Errorf("bad repeat %q", s[:end])
		}
		text, s = strings.Repeat(text, n), s[end:]
	}
	if strings.HasPrefix(s, `+"`) {
		more, rest, err := stringToken(s[1:])
		return token{kind: 's', text: text + more.text}, rest, err
	}
	return token{kind: 's', text: text}, s, nil
}

func hexToken(s string) (token, string, error) {
	end := strings.IndexByte(s[2:], '\'')
	if end < 0 {
		return token{}, "", fmt.Errorf("missing ' after %s", s)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(s[2:2+end], " ", ""))
	return token{kind: 's', text: string(b)}, s[2+end+1:], err
}
