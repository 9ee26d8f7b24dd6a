package difftest

// Answer is all that a client sees of one step.
type Answer struct {
	Params  []uint32 // types of the statement's parameters, as described
	Results []Result // one, or several of a simple Query
	Err     *Failure
	Tx      byte  // of ReadyForQuery: I, T or E
	Lost    error // the connection broke, or nothing came in time
}

// Result is what one statement returned.
type Result struct {
	Columns   []Column // nil if it has none
	Rows      []string // DataRows' bodies, byte for byte; of a COPY TO its rows
	Tag       string
	Suspended int // how often a portal stopped at its limit
}

// Column is what RowDescription says of a column that does not differ from
// server to server.
type Column struct {
	Name     string
	Type     uint32 // of user-defined types only that they are
	Size     int16
	Modifier int32
	Format   int16
}

// firstOwnOID is FirstNormalObjectId (access/transam.h): types from there on
// are user-defined, and each database numbers them by itself.
const firstOwnOID = 16384

func stable(oid uint32) uint32 { return min(oid, firstOwnOID) }

// Failure is an ErrorResponse.
type Failure struct{ Code, Message, Detail, Hint string }

func (f *Failure) String() string {
	if f == nil {
		return "no error"
	}
	s := f.Code + " " + f.Message
	if f.Hint != "" {
		s += " (hint: " + f.Hint + ")"
	}
	return s
}
