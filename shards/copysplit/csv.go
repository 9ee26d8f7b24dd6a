package copysplit

// csvField is textField for csv. Quotes may begin and end within a field
// (CopyReadAttributesCSV in src/backend/commands/copyfromparse.c).
func (k *fields) csvField(line []byte, at, slot int) (next int, err error) {
	start := at
	at = k.csvPlain(line, at)
	if at == len(line) || line[at] == k.format.Delimiter {
		k.setCSV(slot, line[start:at:at], false)
		return at + 1, nil
	}
	into := len(k.spare)
	k.keep(slot, line[start:at])
	for at < len(line) && line[at] == k.format.Quote {
		if at, err = k.csvQuoted(line, at+1, slot); err != nil {
			return 0, err
		}
		start, at = at, k.csvPlain(line, at)
		k.keep(slot, line[start:at])
	}
	k.setCSV(slot, k.spare[into:len(k.spare):len(k.spare)], true)
	return at + 1, nil
}

// csvPlain finds the end of what stands outside quotes.
func (k *fields) csvPlain(line []byte, at int) int {
	for at < len(line) && line[at] != k.format.Delimiter && line[at] != k.format.Quote {
		at++
	}
	return at
}

// csvQuoted reads up to and with the closing quote.
func (k *fields) csvQuoted(line []byte, at, slot int) (end int, err error) {
	esc, quote := k.format.Esc, k.format.Quote
	start := at
	for ; at < len(line); at++ {
		c := line[at]
		switch {
		case c == esc && at+1 < len(line) && (line[at+1] == esc || line[at+1] == quote):
			k.keep(slot, line[start:at])
			at++
			start = at
		case c == quote:
			k.keep(slot, line[start:at])
			return at + 1, nil
		}
	}
	return 0, bad("unterminated CSV quoted field")
}

func (k *fields) keep(slot int, b []byte) {
	if slot >= 0 {
		k.spare = append(k.spare, b...)
	}
}

// setCSV decides about NULL, as NextCopyFrom does.
func (k *fields) setCSV(slot int, value []byte, quotes bool) {
	if slot < 0 {
		return
	}
	if string(value) == k.format.Null {
		f := k.force[slot]
		if quotes && f.null || !quotes && !f.notNull {
			value = nil
		}
	}
	k.key[slot] = value
}
