package shardfunc

import "strings"

// Type is the type of a key column.
type Type uint8

// The types that may be keys. Enums are not among them, as their hash is of an
// OID that differs from database to database; nor floats, whose equality
// surprises; nor types whose hash depends on a collation.
const (
	Int2 Type = iota + 1
	Int4
	Int8
	Text
	Varchar
	Bpchar
	UUID
	Numeric
	Date
	Timestamp
	Timestamptz
	Bytea
)

// kinds are the types by number: PostgreSQL's OID (pg_type.dat), the name it
// shows, and others that a person may write.
var kinds = [...]struct {
	oid   uint32
	name  string
	alias []string
}{
	Int2:        {21, "int2", []string{"smallint"}},
	Int4:        {23, "int4", []string{"int", "integer"}},
	Int8:        {20, "int8", []string{"bigint"}},
	Text:        {25, "text", nil},
	Varchar:     {1043, "varchar", []string{"character varying"}},
	Bpchar:      {1042, "bpchar", []string{"char", "character"}},
	UUID:        {2950, "uuid", nil},
	Numeric:     {1700, "numeric", []string{"decimal"}},
	Date:        {1082, "date", nil},
	Timestamp:   {1114, "timestamp", []string{"timestamp without time zone"}},
	Timestamptz: {1184, "timestamptz", []string{"timestamp with time zone"}},
	Bytea:       {17, "bytea", nil},
}

// TypeOf is the key type with that OID in pg_type. It is false for types that
// may not be keys, to which belong texts whose collation is not deterministic.
func TypeOf(oid uint32, deterministic bool) (Type, bool) {
	for t := Int2; t <= Bytea; t++ {
		if kinds[t].oid == oid {
			return t, deterministic || !t.IsText()
		}
	}
	return 0, false
}

// ParseType is the type that a person calls by that name.
func ParseType(name string) (Type, bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	for t := Int2; t <= Bytea; t++ {
		if kinds[t].name == name {
			return t, true
		}
		for _, a := range kinds[t].alias {
			if a == name {
				return t, true
			}
		}
	}
	return 0, false
}

// TypeNames are the names of all types.
func TypeNames() []string {
	var names []string
	for t := Int2; t <= Bytea; t++ {
		names = append(names, kinds[t].name)
	}
	return names
}

// String is PostgreSQL's short name of the type.
func (t Type) String() string {
	if !t.valid() {
		return "no type"
	}
	return kinds[t].name
}

// OID is the type's in pg_type.
func (t Type) OID() uint32 {
	if !t.valid() {
		return 0
	}
	return kinds[t].oid
}

func (t Type) valid() bool { return t >= Int2 && t <= Bytea }

// IsInt tells whether t is an integer of any width.
func (t Type) IsInt() bool { return t >= Int2 && t <= Int8 }

// IsText tells whether t is text, varchar or bpchar.
func (t Type) IsText() bool { return t >= Text && t <= Bpchar }

// Family is the type that stands for all whose equal values have equal hashes:
// integers of any width, and texts of any kind. Columns of one family may share
// a map.
func (t Type) Family() Type {
	if int(t) < len(families) {
		return families[t]
	}
	return 0
}

var families = [...]Type{
	Int2: Int8, Int4: Int8, Int8: Int8, Text: Text, Varchar: Text, Bpchar: Text,
	UUID: UUID, Numeric: Numeric, Date: Date, Timestamp: Timestamp, Timestamptz: Timestamptz, Bytea: Bytea,
}
