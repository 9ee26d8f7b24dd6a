package difftest

// Wire is how a statement is sent.
type Wire uint8

// As a simple Query; by Parse, Bind and Execute with all results in text or in
// binary; and the same through a portal from which three rows are fetched at a
// time.
const (
	Simple Wire = iota
	Text
	Binary
	Portal
)

// portalRows is how many rows are asked of a portal at a time: few, so that
// most results take several turns, and their ends fall on and between them.
const portalRows = 3

func (w Wire) String() string { return [...]string{"simple", "text", "binary", "portal"}[w] }

// copyChunk is how many bytes one CopyData message takes: the borders of
// messages are not those of rows.
func (w Wire) copyChunk() int { return [...]int{1 << 20, 7, 1, 64}[w] }

// Mode is a wire, outside a transaction or inside BEGIN and COMMIT.
type Mode struct {
	Wire Wire
	InTx bool
}

func (m Mode) String() string {
	if m.InTx {
		return m.Wire.String() + " in a transaction"
	}
	return m.Wire.String()
}

// keeps tells whether a write's transaction is committed. The others are
// rolled back, so that both ends of a transaction are tried.
func (m Mode) keeps() bool { return m.Wire == Simple || m.Wire == Binary }

// Modes are all eight.
func Modes() (all []Mode) {
	for _, w := range []Wire{Simple, Text, Binary, Portal} {
		all = append(all, Mode{w, false}, Mode{w, true})
	}
	return all
}

// runs tells whether the case makes sense in the mode.
func (m Mode) runs(c Case) bool {
	switch {
	case m.InTx && c.Alone:
		return false
	case c.Only == "simple":
		return m.Wire == Simple
	case c.Only == "extended":
		return m.Wire != Simple
	}
	return true
}
