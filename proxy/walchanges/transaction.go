package walchanges

// maxTables is how many tables of one transaction are told apart.
const maxTables = 256

// Transaction collects what one transaction wrote.
type Transaction struct {
	Tables map[string]bool // by name without schema
	All    bool            // and perhaps any other
	XID    uint32          // its number; only if HasXID
	HasXID bool
}

// Take takes the next line. With the last one of a transaction done is true,
// and it can be looked at until the next call.
func (t *Transaction) Take(line []byte) (done bool) {
	kind, tables := Line(line)
	switch kind {
	case Begin:
		*t = Transaction{Tables: map[string]bool{}}
	case Commit:
		t.XID, t.HasXID = XID(line)
		return true
	case Change:
		for _, name := range tables {
			if t.Tables == nil || len(t.Tables) >= maxTables && !t.Tables[name] {
				t.All = true
				continue
			}
			t.Tables[name] = true
		}
	default:
		t.All = true
	}
	return false
}

// Empty reports whether it wrote no table.
func (t *Transaction) Empty() bool { return len(t.Tables) == 0 && !t.All }
