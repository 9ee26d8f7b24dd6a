package catalog

import "strings"

// Snapshot is what one database looked like when it was loaded. It is
// immutable and safe for concurrent use; nobody may write to what it returns.
type Snapshot struct {
	builtins   map[string]Volatility
	types      map[string]bool
	functions  map[string][]*Function
	relations  map[string][]*Relation
	ownTypes   map[string][]*Type
	operators  map[string][]Operator
	casts      map[string][]Ref
	implied    []Ref
	signatures map[string]*Function
	oids       map[uint32]*TypeOID
	typeNames  map[string]*TypeOID

	// DefaultCollationC: what has the database's default collation sorts by bytes.
	DefaultCollationC bool
	Encoding          string // of the server: "UTF8"
}

// Ref names a function by what Queries has for it.
type Ref struct {
	Function *Function // nil: one of PostgreSQL's own, by Name
	Name     string
}

// Function is one function, aggregate or procedure that is not PostgreSQL's own.
type Function struct {
	Schema, Name string
	Volatility   Volatility
	Aggregate    bool
	Language     string
	Extension    bool // it belongs to an extension
	Min, Max     int  // of arguments; Max is -1 for any number
	OfRow        bool // t.f may call it for a row of t
	// Source is the whole CREATE FUNCTION of a function in sql or plpgsql
	// that says it is not volatile and is no extension's; "" for others.
	Source string
	// Support are the functions that an aggregate is made of.
	Support []Ref
	DDL     bool // its source has words of DDL
	Locks   bool // its source has words of advisory locks, or cannot be searched for them
}

// Takes reports whether the function can be called with n arguments. An
// ordered-set aggregate counts its arguments in another way than a call.
func (f *Function) Takes(n int) bool {
	return f.Aggregate || n >= f.Min && (f.Max < 0 || n <= f.Max)
}

// Relation is a table, view, materialised view, foreign table or sequence.
type Relation struct {
	Schema, Name string
	Kind         byte   // pg_class.relkind
	Persistence  byte   // pg_class.relpersistence
	View         string // the query of a view
	// Unbounded: a write to it may write anything, by triggers, rules,
	// defaults or checks that call functions.
	Unbounded bool
	Secured   bool     // row security is on
	Policies  []string // the conditions of row security, for reads
	Types     []string // the database's own types among its columns', as [Snapshot.Type] knows them
	Parents   []*Relation
	Children  []*Relation // partitions, and tables that inherit
	Cascades  []*Relation // tables that a foreign key changes along with it
	Columns   []Column    // in the order that SELECT * has them; none of a sequence
	Unique    []Unique    // its unique indexes
	Foreign   []Foreign   // what its foreign keys refer to
}

// Type is a domain, enum, composite, range or base type of the database.
type Type struct {
	Schema, Name string
	Kind         byte // pg_type.typtype
	Extension    bool
	Parts        []string // types that it is made of
	Checks       string   // a domain's conditions, joined by AND
	Functions    []Ref    // a range's own
}

// Operator is an operator that is not PostgreSQL's own.
type Operator struct {
	Schema, Name string
	Function     Ref
}

// Builtin is the volatility of PostgreSQL's own function name. The list that
// is built in has the last word where it says volatile. A nil Snapshot knows
// that list only.
func (s *Snapshot) Builtin(name string) (v Volatility, ok bool) {
	listed, ok := builtins[name]
	if s == nil || ok && listed == Volatile {
		return listed, ok
	}
	if now, here := s.builtins[name]; here {
		return now, true
	}
	return listed, ok
}

// BuiltinType reports whether name is a type of PostgreSQL's own.
func (s *Snapshot) BuiltinType(name string) bool {
	return builtinTypes[name] || s != nil && s.types[name]
}

// OneServers says whether PostgreSQL's own function name acts on, or tells
// of, one server or its catalog.
func OneServers(name string) bool {
	return strings.HasPrefix(name, "pg_") && !tellsNothing[name]
}

// Functions are all functions called name. schema "" means any schema.
func (s *Snapshot) Functions(schema, name string) []*Function {
	if s == nil {
		return nil
	}
	return inSchema(s.functions[name], schema, func(f *Function) string { return f.Schema })
}

// Relations are all relations called name. schema "" means any schema.
func (s *Snapshot) Relations(schema, name string) []*Relation {
	if s == nil {
		return nil
	}
	return inSchema(s.relations[name], schema, func(r *Relation) string { return r.Schema })
}

// Types are all types called name, but not the row types of relations.
// schema "" means any schema.
func (s *Snapshot) Types(schema, name string) []*Type {
	if s == nil {
		return nil
	}
	return inSchema(s.ownTypes[name], schema, func(t *Type) string { return t.Schema })
}

// Operators are all operators called name that are not PostgreSQL's own.
func (s *Snapshot) Operators(name string) []Operator {
	if s == nil {
		return nil
	}
	return s.operators[name]
}

// AllOperators calls yield for each such operator.
func (s *Snapshot) AllOperators(yield func(Operator) bool) {
	for _, same := range s.operators {
		for _, o := range same {
			if !yield(o) {
				return
			}
		}
	}
}

// Casts are the functions of casts to the types called name.
func (s *Snapshot) Casts(name string) []Ref {
	if s == nil {
		return nil
	}
	return s.casts[name]
}

// Implied are functions that run without being named: of implicit casts and
// of operator classes.
func (s *Snapshot) Implied() []Ref {
	if s == nil {
		return nil
	}
	return s.implied
}

func inSchema[T any](all []T, schema string, of func(T) string) (in []T) {
	if schema == "" {
		return all
	}
	for _, one := range all {
		if of(one) == schema {
			in = append(in, one)
		}
	}
	return in
}
