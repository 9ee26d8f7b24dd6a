package proxy

import "testing"

// TestReign: a dial is given up when its server is the primary no more, and
// not because its election is announced after it began.
func TestReign(t *testing.T) {
	const a, b = 0, 1
	r := newReign()
	first := r.of(a, a)
	r.found(a)
	if first.Err() != nil {
		t.Fatal("an election that was announced late ended what was dialled after it")
	}
	early := r.of(b, b) // elected, and a's loss is not announced yet
	if first.Err() == nil {
		t.Error("the reign of the primary before goes on")
	}
	if r.of(a, b).Err() == nil {
		t.Error("who was the primary a moment ago is dialled")
	}
	r.lost(a)
	r.found(b)
	if early.Err() != nil {
		t.Error("the old primary's loss ended the new one's reign")
	}
	r.lost(b)
	if early.Err() == nil {
		t.Error("the reign of a lost primary goes on")
	}
	again := r.of(b, b)
	r.close()
	if again.Err() == nil || r.of(b, b).Err() == nil || r.of(a, a).Err() == nil {
		t.Error("a closed fleet is dialled")
	}
}

// A primary that is found while a reign that nobody asked for stands begins
// one of its own.
func TestReignOfWhoWasNotDialled(t *testing.T) {
	r := newReign()
	r.found(0)
	first := r.of(0, 0)
	r.found(1)
	if first.Err() == nil || r.of(1, 1).Err() != nil {
		t.Error("the reign did not pass from one to the other")
	}
}
