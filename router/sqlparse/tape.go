package sqlparse

import (
	"strconv"
	"unicode/utf8"
)

// tape is a parse tree laid out flat, in the order of pg_query's JSON. A
// node's children follow it, up to its end; so a search through the whole
// tree is a loop, and a tree of any depth costs no stack.
//
// JSON and not protobuf: a fifth of the time for small statements, and the
// protobuf writer visits each level once for every level above it.
type tape []node

// node is one value: an object, a list, or a scalar with its text.
type node struct {
	key  string // its name in the object around it, "" in a list
	text string // of a string (decoded), a number, true, false, null
	end  int    // index behind its last descendant
}

// readTape reads the JSON that pg_query prints: no spaces, no errors. It
// reuses t's memory. ok is false for anything else, which would be a bug.
func readTape(t tape, js string) (_ tape, ok bool) {
	const perNode = 11 // bytes of JSON at the least, found in deep trees
	if t = t[:0]; cap(t) < len(js)/(2*perNode) {
		t = make(tape, 0, len(js)/perNode)
	}
	var open []int
	key := ""
	for i := 0; i < len(js); {
		switch c := js[i]; c {
		case '{', '[':
			open = append(open, len(t))
			t = append(t, node{key: key})
			key = ""
			i++
		case '}', ']':
			if len(open) == 0 {
				return t, false
			}
			t[open[len(open)-1]].end = len(t)
			open = open[:len(open)-1]
			i++
		case ',':
			i++
		case '"':
			text, end, ok := jsonString(js, i)
			if !ok {
				return t, false
			}
			i = end
			if i < len(js) && js[i] == ':' {
				key = text
				i++
				continue
			}
			t = append(t, node{key: key, text: text, end: len(t) + 1})
			key = ""
		default:
			end := i
			for end < len(js) && js[end] != ',' && js[end] != '}' && js[end] != ']' {
				end++
			}
			t = append(t, node{key: key, text: js[i:end], end: len(t) + 1})
			key = ""
			i = end
		}
	}
	return t, len(open) == 0 && len(t) > 0
}

// jsonString decodes the string that starts with the quote at i.
func jsonString(js string, i int) (text string, end int, ok bool) {
	start := i + 1
	for i = start; i < len(js) && js[i] != '"'; i++ {
		if js[i] == '\\' {
			return jsonEscaped(js, start, i)
		}
	}
	if i == len(js) {
		return "", 0, false
	}
	return js[start:i], i + 1, true
}

func jsonEscaped(js string, start, i int) (text string, end int, ok bool) {
	b := append([]byte(nil), js[start:i]...)
	for ; i < len(js); i++ {
		switch {
		case js[i] == '"':
			return string(b), i + 1, true
		case js[i] != '\\':
			b = append(b, js[i])
		case i+1 >= len(js):
			return "", 0, false
		case js[i+1] == 'u':
			if i+6 > len(js) {
				return "", 0, false
			}
			r, err := strconv.ParseUint(js[i+2:i+6], 16, 16)
			if err != nil {
				return "", 0, false
			}
			b = utf8.AppendRune(b, rune(r))
			i += 5
		default:
			b = append(b, unescaped(js[i+1]))
			i++
		}
	}
	return "", 0, false
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// child is the index of i's child of that name, or -1. A child of -1 is -1,
// so that a path needs one check at its end.
func (t tape) child(i int, key string) int {
	if i < 0 {
		return -1
	}
	for c := i + 1; c < t[i].end; c = t[c].end {
		if t[c].key == key {
			return c
		}
	}
	return -1
}

// text is that of i's child of that name, or "".
func (t tape) text(i int, key string) string {
	if c := t.child(i, key); c >= 0 {
		return t[c].text
	}
	return ""
}

// kids are the indices of i's children; none for -1.
func (t tape) kids(i int) (list []int) {
	if i < 0 {
		return nil
	}
	for c := i + 1; c < t[i].end; c = t[c].end {
		list = append(list, c)
	}
	return list
}

// only is i's single child, which names the type of the node: -1 if not one.
func (t tape) only(i int) int {
	if i < 0 || t[i].end == i+1 || t[i+1].end != t[i].end {
		return -1
	}
	return i + 1
}

// count is the number of i's children.
func (t tape) count(i int) (n int) {
	if i < 0 {
		return 0
	}
	for c := i + 1; c < t[i].end; c = t[c].end {
		n++
	}
	return n
}
