package stats

import (
	"math"
	"strconv"
	"time"
)

// Type is the type of a column, as its PostgreSQL OID (pg_type.dat).
type Type uint32

// The types that PgBouncer's console uses.
const (
	Bytea   Type = 17
	Int8    Type = 20
	Int4    Type = 23
	Text    Type = 25
	Numeric Type = 1700
)

// Column is one column of a view.
type Column struct {
	Name string
	Type Type
}

// Cell is one value in PostgreSQL's text form.
type Cell struct {
	Text string
	Null bool
}

// Table is a result: what a SHOW answers.
type Table struct {
	Columns []Column
	Rows    [][]Cell
}

var null = Cell{Null: true}

func text(s string) Cell { return Cell{Text: s} }

// textOrNull is for overrides that are not set.
func textOrNull(s string) Cell { return Cell{Text: s, Null: s == ""} }

// num is for Numeric and Int8.
func num(n int64) Cell { return Cell{Text: strconv.FormatInt(n, 10)} }

// i4 is for Int4, which readers scan into 32 bits: larger figures stay at the
// largest.
func i4[T int | int64 | uint64](n T) Cell {
	if n > math.MaxInt32 {
		n = math.MaxInt32
	}
	return Cell{Text: strconv.FormatInt(int64(n), 10)}
}

func flag(b bool) Cell {
	if b {
		return Cell{Text: "1"}
	}
	return Cell{Text: "0"}
}

// stamp is PgBouncer's form, which its readers parse with a fixed format: no
// fraction, the zone as a word. Never happened is NULL.
func stamp(t time.Time) Cell {
	if t.IsZero() {
		return null
	}
	return Cell{Text: t.UTC().Format("2006-01-02 15:04:05 UTC")}
}

// seconds and micros are the two columns that PgBouncer splits a wait into.
func seconds(d time.Duration) Cell { return i4(int64(d / time.Second)) }
func micros(d time.Duration) Cell  { return i4((d % time.Second).Microseconds()) }

// field is a column together with how to fill it from a row, so that names
// and values cannot get out of step.
type field[T any] struct {
	Column
	get func(*T) Cell
}

func col[T any](name string, typ Type, get func(*T) Cell) field[T] {
	return field[T]{Column{name, typ}, get}
}

func columns[T any](fields []field[T]) []Column {
	cols := make([]Column, len(fields))
	for i, f := range fields {
		cols[i] = f.Column
	}
	return cols
}

func rows[T any](fields []field[T], source []T) [][]Cell {
	out := make([][]Cell, len(source))
	for i := range source {
		out[i] = make([]Cell, len(fields))
		for j, f := range fields {
			out[i][j] = f.get(&source[i])
		}
	}
	return out
}
