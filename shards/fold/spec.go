package fold

// Op is what becomes of the values that a column of the shards' rows has in
// one group.
type Op uint8

const (
	Key   Op = iota // rows that agree in all keys, NULL or not, are one group
	Count           // int8: added up from 0
	Sum             // int8 or numeric: added up; NULL if all are
	Min             // the least
	Max             // the greatest
	And             // bool: true unless one is false
	Or              // bool: false unless one is true
	Twin            // the value of the column Of in the format that the client sees
)

// String is the word for it in plans.
func (o Op) String() string {
	return [...]string{"key", "count", "sum", "min", "max", "and", "or", "twin"}[o]
}

// Column is one column of the shards' rows. All but twins come in binary.
type Column struct {
	Op   Op
	Type uint32 // OID
	Of   int    // of a Twin: the column, before it, that it is the same value as
}

// Output is one column of the answer.
type Output struct {
	Column int
	Type   uint32 // OID
	// Counts is the column that the sum in Column is divided by, or -1: then
	// the output is Column's own value.
	Counts int
	Twin   int // Column's, whose bytes the client gets; -1: it gets those of the value
	// Instead is what stands for NULL, an integer, if there is Otherwise.
	Otherwise bool
	Instead   int64
}

// Sort is one item of the order of the answer's rows.
type Sort struct {
	Output     int
	Desc       bool
	NullsFirst bool // whatever Desc is
}

// Compare is how a Condition compares.
type Compare uint8

// The operators of SQL.
const (
	Equal Compare = iota
	NotEqual
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
)

// String is the operator.
func (c Compare) String() string { return [...]string{"=", "<>", "<", "<=", ">", ">="}[c] }

// Condition keeps the rows whose output, an integer or a numeric, compares so
// with a number. NULL does not.
type Condition struct {
	Output int
	Is     Compare
	Than   int64
}

// Spec says what the shards' rows are and what is made of them. It is never
// changed, and shared between goroutines. Without a Key there is exactly one
// row.
type Spec struct {
	Columns []Column
	Outputs []Output
	Hidden  int // of the outputs, at the end: only Order and Having use them
	Having  []Condition
	// Order is that of the rows; those that it leaves alike, all of them if it
	// is empty, come in order of their keys.
	Order []Sort
}
