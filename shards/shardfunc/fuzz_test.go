package shardfunc

import (
	"math"
	"testing"
)

// FuzzFromText: whatever the text, a value that is read prints as a text that is
// read as the same value, and no larger than what it came from by much.
func FuzzFromText(f *testing.F) {
	for _, s := range odd {
		for t := Int2; t <= Bytea; t++ {
			f.Add(byte(t), s)
		}
	}
	for t, list := range samples {
		for _, s := range list {
			f.Add(byte(t), s)
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, text string) {
		typ := Type(kind)
		v, err := FromText(typ, text)
		if err != nil {
			return
		}
		if !typ.valid() || v.IsNull() || v.Type() != widest(typ) {
			t.Fatalf("%s %q: %#v", typ, text, v)
		}
		again, err := FromText(typ, v.String())
		long := len(text) > 1000 || typ == Timestamptz // which may be of a year before 1, by its zone
		if err == nil && again != v || err != nil && !long {
			t.Fatalf("%s %q prints as %q, which is %#v, %v", typ, text, v.String(), again, err)
		}
		agree(t, typ, v)
	})
}

// FuzzFromBinary: whatever the bytes, a value that is read is canonical.
func FuzzFromBinary(f *testing.F) {
	f.Add(byte(Numeric), []byte{0, 2, 0, 1, 0x40, 0, 0, 2, 0, 1, 0x26, 0xAC})
	f.Add(byte(Numeric), []byte{0, 0, 0, 0, 0xC0, 0, 0, 0})
	f.Add(byte(Int4), []byte{0, 0, 0, 1})
	f.Add(byte(Timestamp), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(byte(UUID), make([]byte, 16))
	f.Fuzz(func(t *testing.T, kind byte, b []byte) {
		typ := Type(kind)
		v, err := FromBinary(typ, b)
		if err != nil {
			return
		}
		if !typ.valid() || v.IsNull() || v.Type() != widest(typ) {
			t.Fatalf("%s %x: %#v", typ, b, v)
		}
		// Years before 1 or beyond four digits are read from binary only.
		if again, err := FromText(typ, v.String()); err == nil && again != v {
			t.Fatalf("%s %x prints as %q, which is %#v", typ, b, v.String(), again)
		}
		agree(t, typ, v)
	})
}

// agree checks what must hold of any value and its own type.
func agree(t *testing.T, typ Type, v Value) {
	if Compare(v, v) != 0 || RowHash(v) != RowHash(v.Key()) {
		t.Fatalf("%#v is not itself", v)
	}
	if same, match, err := Convert(typ, v); err != nil || !match && !typ.IsText() && !typ.IsInt() || match && same != v && typ != Bpchar {
		t.Fatalf("%#v as %s is %#v, %v, %v", v, typ, same, match, err)
	}
	for to := Int2; to <= Bytea; to++ {
		_, _, _ = Convert(to, v)
		for _, mod := range []int32{-1, 0, 4, 7, 5<<16 | 6, math.MaxInt32} {
			if a, err := Assign(to, mod, v); err == nil && a.Type() != widest(to) {
				t.Fatalf("%#v assigned to %s is %#v", v, to, a)
			}
		}
	}
}
