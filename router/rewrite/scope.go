package rewrite

import (
	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// Column is what the caller knows of a column.
type Column struct {
	// Rel and Name tell columns of one block apart: Rel is the name by which
	// the block's FROM knows the relation, "" for a column that USING or
	// NATURAL has merged; Rel.Name, or Name alone, must resolve to the column.
	Rel, Name string

	// TypeOID is as RowDescription has it: of a domain, the type below. 0 is
	// not known, and then nothing below is.
	TypeOID uint32
	Type    string // format_type with typmod, fit for a cast in any search_path
	Typmod  int32  // -1: none

	// CCollation: it is compared byte by byte. DefaultCollation: it has no
	// collation, or its type's default one; else Collation names it as SQL.
	CCollation       bool
	DefaultCollation bool
	Collation        string

	Key bool // part of the sharding key
}

// Scope answers what names mean in one statement. Blocks are SELECTs of the
// tree that was given to Select, arms of set operations among them; nodes
// that are asked about may be new, but are made of names of the block.
type Scope interface {
	// Column is the column of block's own FROM that ref names; not one of an
	// enclosing block, no whole row, no system column, no output name.
	Column(ref *pg_query.ColumnRef, block *pg_query.SelectStmt) (Column, bool)
	// Columns are what star, which is * or t.*, stands for in block's target
	// list; ok is false if that is not known.
	Columns(star *pg_query.ColumnRef, block *pg_query.SelectStmt) (columns []Column, ok bool)
	// KeyGrouped reports whether rows of block that agree in exprs, NULL or
	// not, are always of one shard. A key column that an outer join may make
	// NULL does not do: every shard has such rows.
	KeyGrouped(block *pg_query.SelectStmt, exprs []*pg_query.Node) bool
	// Local reports whether block sees the same rows on a shard as on one
	// PostgreSQL: because it reads only what every shard has, or because its
	// own WHERE ties it by the key to the row of the enclosing block. Not by
	// IN or a join from outside: such a block must be fit to be cut by key.
	Local(block *pg_query.SelectStmt) bool
	// Volatile reports whether a function of that name and number of
	// arguments may be volatile.
	Volatile(name []string, args int) bool
	// Aggregate reports whether name is an aggregate, and which of
	// PostgreSQL's own; "" is one that is not its own.
	Aggregate(name []string) (builtin string, isAggregate bool)
	// Recoded reports whether text comes from the shards in another encoding
	// than theirs, so that its bytes say nothing of order or equality.
	Recoded() bool
}

// Result is a plan without shards. Legs' Shards are for the caller to fill.
type Result struct {
	Legs    []plan.Leg // one, but for Gather
	Merge   *plan.Merge
	Fold    *plan.Fold
	Combine *plan.Combine
}

// Refusal says why a statement cannot be answered.
type Refusal struct {
	Clause string // what is in the way: "FOR UPDATE with LIMIT"
	Gather bool   // moving the rows to one PostgreSQL would answer it
	Hint   string // what to do about it; may be empty
}

func refuse(clause, hint string) *Refusal { return &Refusal{Clause: clause, Gather: true, Hint: hint} }

// never is a refusal that gathering does not help either.
func never(clause, hint string) *Refusal { return &Refusal{Clause: clause, Hint: hint} }
