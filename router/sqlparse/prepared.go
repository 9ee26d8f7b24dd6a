package sqlparse

import "bytes"

// PrepareText takes a PREPARE apart that was read as one: tail is all behind the
// name, from the list of types on; query is the statement itself, with the
// hints that stood before it. It is not ok where a name is written in a way
// that is not looked into.
func PrepareText(sql []byte) (tail, query []byte, ok bool) {
	at, ok := verbName(sql, "prepare")
	if !ok {
		return nil, nil, false
	}
	tail = sql[at:]
	if at = skipBlank(sql, at); at < len(sql) && sql[at] == '(' {
		at = skipBlank(sql, parenEnd(sql, at))
	}
	end := wordEnd(sql, at)
	if !foldIs(sql[at:end], "as") {
		return nil, nil, false
	}
	return tail, append(hintsBefore(sql[:end]), bytes.TrimSpace(sql[end:])...), true
}

// ExecuteText takes an EXECUTE apart that was read as one: args is what stands in
// the parentheses, nil if there are none; hints are those before it, as a
// comment.
func ExecuteText(sql []byte) (args, hints []byte, ok bool) {
	at, ok := verbName(sql, "execute")
	if !ok {
		return nil, nil, false
	}
	hints = hintsBefore(sql[:at])
	if at = skipBlank(sql, at); at >= len(sql) || sql[at] != '(' {
		return nil, hints, true
	}
	end := parenEnd(sql, at)
	if end <= at+1 || sql[end-1] != ')' {
		return nil, nil, false
	}
	return sql[at+1 : end-1], hints, true
}

// verbName passes a verb and the name behind it.
func verbName(sql []byte, verb string) (at int, ok bool) {
	first := skipBlank(sql, 0)
	at = wordEnd(sql, first)
	if !foldIs(sql[first:at], verb) {
		return 0, false
	}
	at = skipBlank(sql, at)
	switch {
	case at >= len(sql):
		return 0, false
	case sql[at] == '"':
		return quotedEnd(sql, at+1, '"')
	}
	end := wordEnd(sql, at)
	return end, end > at && (end >= len(sql) || sql[end] != '&') // U&"..."
}

func hintsBefore(sql []byte) []byte {
	if h := readHint(sql).String(); h != "" {
		return []byte("/* " + hintMark + " " + h + " */ ")
	}
	return nil
}

// parenEnd passes what stands in parentheses, of which the first is at i.
func parenEnd(sql []byte, i int) int {
	for depth := 0; i < len(sql); {
		if i = skipBlank(sql, i); i >= len(sql) {
			break
		}
		c := sql[i]
		switch {
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case c == '\'' || c == '"':
			i, _ = quotedEnd(sql, i+1, c)
			continue
		case c == '$':
			if end := dollarTag(sql, i); end > i {
				if n := bytes.Index(sql[end:], sql[i:end]); n >= 0 {
					i = end + n + end - i
					continue
				}
			}
		case classes[c] == letter:
			i = passWord(sql, i)
			continue
		}
		i++
	}
	return len(sql)
}

// passWord passes a word at i, and a string with escapes if it begins one.
func passWord(sql []byte, i int) int {
	end := wordEnd(sql, i)
	if end >= len(sql) || sql[end] != '\'' || !foldIs(sql[i:end], "e") {
		return end
	}
	for end++; ; {
		end, _ = escapedEnd(sql, end)
		next, again := continues(sql, end)
		if end < len(sql) && sql[end] == '\'' {
			next, again = end+1, true
		}
		if !again {
			return end
		}
		end = next
	}
}
