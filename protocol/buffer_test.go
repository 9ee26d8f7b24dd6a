package protocol

import (
	"bytes"
	"testing"
)

func TestBuffer(t *testing.T) {
	b := &Buffer{B: make([]byte, 8)}
	b.W = copy(b.B, "abcdefgh")
	b.Consume(1)
	if len(b.Space()) != 1 || string(b.Unread()) != "bcdefgh" {
		t.Errorf("%d bytes of room behind %q", len(b.Space()), b.Unread())
	}
	b.Consume(3)
	b.Grow(6)
	if b.R != 0 || len(b.B) != 8 || string(b.Unread()) != "efgh" {
		t.Errorf("%+v", b)
	}
	b.Grow(100)
	if len(b.B) != 100 || string(b.Unread()) != "efgh" {
		t.Errorf("%d bytes: %q", len(b.B), b.Unread())
	}
	b.Consume(4)
	if b.R != 0 || b.W != 0 {
		t.Error("an empty buffer does not begin at its front")
	}
}

// However bytes come and are taken, there is always room for more of a frame

// that fits, and nothing is lost.

func FuzzBuffer(f *testing.F) {
	f.Add([]byte{3, 2, 8, 8, 1, 200})
	f.Fuzz(func(t *testing.T, steps []byte) {
		b := &Buffer{B: make([]byte, 16)}
		var model []byte
		next := byte(0)
		for _, s := range steps {
			if s%2 == 0 {
				space := b.Space()
				if len(model) < len(b.B) && len(space) == 0 {
					t.Fatalf("no room behind %d of %d bytes", len(model), len(b.B))
				}
				for i := range space[:min(int(s/2), len(space))] {
					next++
					space[i] = next
					model = append(model, next)
					b.W++
				}
			} else {
				n := min(int(s/2), len(model))
				b.Consume(n)
				model = model[n:]
			}
			if !bytes.Equal(b.Unread(), model) {
				t.Fatalf("holds %v, want %v", b.Unread(), model)
			}
		}
	})
}
