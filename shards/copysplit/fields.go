package copysplit

import "slices"

// fields finds the key's columns in a row.
type fields struct {
	format Format
	slot   []int // place in the key per column, -1 for none; ends with the last key column
	key    [][]byte
	force  []force // per place in the key
	spare  []byte  // holds values that are not as they stand in the row; not nil, or '' would be NULL
}

// force is what csv does to a value or NULL of a column.
type force struct{ null, notNull bool }

func newFields(f Format, keyColumns []int) fields {
	k := fields{format: f, key: make([][]byte, len(keyColumns)), force: make([]force, len(keyColumns)), spare: []byte{}}
	for i, c := range keyColumns {
		for len(k.slot) <= c {
			k.slot = append(k.slot, -1)
		}
		k.slot[c] = i
		k.force[i] = force{slices.Contains(f.ForceNull, c), slices.Contains(f.ForceNotNul, c)}
	}
	return k
}

// find returns the key of a row without its line end. It is valid until the
// next call.
func (k *fields) find(line []byte) ([][]byte, error) {
	if k.format.Binary {
		return k.key, nil // found on the way
	}
	if cap(k.spare) > shrinkAbove { // a long row has left it
		k.spare = []byte{}
	}
	k.spare = k.spare[:0]
	at := 0
	for column, slot := range k.slot {
		if at > len(line) {
			return nil, bad("missing data for column %d", column+1)
		}
		var err error
		if k.format.CSV {
			at, err = k.csvField(line, at, slot)
		} else {
			at = k.textField(line, at, slot)
		}
		if err != nil {
			return nil, err
		}
	}
	return k.key, nil
}
