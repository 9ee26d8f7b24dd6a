package httpcache

import "strings"

// argument says what stood after a directive's name.
type argument int

const (
	bare  argument = iota // nothing
	given                 // "=" and a token or a quoted string
	bad                   // something that the grammar does not allow
)

// eachDirective calls f for each directive in the field lines (RFC 9111, 5.2:
// token [ "=" ( token / quoted-string ) ], in lists). name is in lower case.
// What does not follow the grammar is reported with as much of a name as it
// has and a bad argument, so that a misspelt restriction still restricts.
// Lines are read one by one: a quote that one leaves open does not swallow the
// next.
func eachDirective(lines []string, f func(name, arg string, kind argument)) {
	for _, s := range lines {
		for s != "" {
			name, rest := token(s)
			if name == "" {
				if s[0] == ',' || blank(s[0]) {
					s = s[1:]
				} else {
					s = skipElement(s)
				}
				continue
			}
			arg, kind := "", bare
			if s = rest; s != "" && s[0] == '=' {
				arg, kind, s = scanArgument(s[1:])
			}
			if s = strings.TrimLeft(s, " \t"); s != "" && s[0] != ',' {
				kind, s = bad, skipElement(s)
			}
			f(strings.ToLower(name), arg, kind)
		}
	}
}

func scanArgument(s string) (arg string, kind argument, rest string) {
	if s != "" && s[0] == '"' {
		arg, rest, ok := unquote(s)
		if !ok {
			return "", bad, ""
		}
		return arg, given, rest
	}
	arg, rest = token(s)
	if arg == "" {
		return "", bad, rest
	}
	return arg, given, rest
}

// token splits the longest token off s (RFC 9110, 5.6.2).
func token(s string) (tok, rest string) {
	i := 0
	for i < len(s) && tokenChar(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func tokenChar(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// unquote reads the quoted string that s begins with (RFC 9110, 5.6.4).
func unquote(s string) (text, rest string, ok bool) {
	escaped := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			escaped = true
			i++
		case s[i] == '"':
			if text = s[1:i]; escaped {
				text = unescape(text)
			}
			return text, s[i+1:], true
		}
	}
	return "", "", false
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// skipElement cuts s to its next comma that is not quoted.
func skipElement(s string) string {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quoted && s[i] == '\\':
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ',' && !quoted:
			return s[i:]
		}
	}
	return ""
}

// eachMember calls f for each member of a comma-separated list of values in
// which commas may be quoted, without the blanks around it.
func eachMember(lines []string, f func(string)) {
	for _, s := range lines {
		for s != "" {
			rest := skipElement(s)
			if m := strings.Trim(s[:len(s)-len(rest)], " \t"); m != "" {
				f(m)
			}
			if s = rest; s != "" {
				s = s[1:]
			}
		}
	}
}
