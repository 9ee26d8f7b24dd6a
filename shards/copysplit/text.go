package copysplit

// textField reads the field at an offset and returns where the next begins:
// behind the end of the line if there is none. A slot of -1 is no key
// (CopyReadAttributesText in src/backend/commands/copyfromparse.c).
func (k *fields) textField(line []byte, at, slot int) (next int) {
	start, escapes := at, false
	for at < len(line) && line[at] != k.format.Delimiter {
		if line[at] != '\\' {
			at++
			continue
		}
		if at+1 == len(line) {
			break
		}
		escapes = true
		at += 2
	}
	raw := line[start:at:at]
	next = at + 1
	if at < len(line) && line[at] != k.format.Delimiter {
		next = len(line) + 1 // a backslash before nothing is dropped
	}
	switch {
	case slot < 0:
	case string(raw) == k.format.Null:
		k.key[slot] = nil
	case escapes:
		k.key[slot] = k.unescape(raw)
	default:
		k.key[slot] = raw
	}
	return next
}

// plainEscapes are the letters that stand for one byte after a backslash.
var plainEscapes = [256]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

// unescape puts the value into spare. raw does not end with a lone backslash.
func (k *fields) unescape(raw []byte) []byte {
	start := len(k.spare)
	for i := 0; i < len(raw); {
		c := raw[i]
		i++
		if c == '\\' {
			c = raw[i]
			i++
			switch {
			case plainEscapes[c] != 0:
				c = plainEscapes[c]
			case isDigit(c, 8):
				c, i = number(raw, i-1, 8, 3)
			case c == 'x' && i < len(raw) && isDigit(raw[i], 16):
				c, i = number(raw, i, 16, 2)
			}
		}
		k.spare = append(k.spare, c)
	}
	return k.spare[start:len(k.spare):len(k.spare)]
}

// number reads up to so many digits. Octal \777 loses its highest bit, as in
// PostgreSQL.
func number(raw []byte, at int, base byte, digits int) (value byte, end int) {
	for ; digits > 0 && at < len(raw) && isDigit(raw[at], base); digits-- {
		value = value*base + digit(raw[at])
		at++
	}
	return value, at
}

func isDigit(c, base byte) bool { return digit(c) < base }

// digit is the value of a hexadecimal digit, and 255 for anything else.
func digit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
