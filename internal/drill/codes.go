package drill

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs and stand-ins that reports count by.
const (
	Unknown  = "08007" // transaction_resolution_unknown: it may have happened or not
	ReadOnly = "25006" // read_only_sql_transaction: a replica was asked to write
	NoWord   = "lost"  // the connection ended, or hung beyond all patience, without a SQLSTATE
)

// Codes counts failures by SQLSTATE, or NoWord.
type Codes map[string]int

// Total is the number of failures.
func (c Codes) Total() int {
	n := 0
	for _, of := range c {
		n += of
	}
	return n
}

// Except is the number of failures with any other code.
func (c Codes) Except(code string) int { return c.Total() - c[code] }

func (c Codes) add(more Codes) {
	for code, n := range more {
		c[code] += n
	}
}

// String is "3 08007, 1 lost", or "none".
func (c Codes) String() string {
	var parts []string
	for _, code := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%d %s", c[code], code))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// codeOf is what a client learned from an error; "" for none.
func codeOf(err error) string {
	var p *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &p):
		return p.Code
	default:
		return NoWord
	}
}

// maxExamples is how many faults a report tells of in words.
const maxExamples = 10

func example(list *[]string, format string, args ...any) {
	if len(*list) < maxExamples {
		*list = append(*list, fmt.Sprintf(format, args...))
	}
}
