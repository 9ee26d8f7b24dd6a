package catalog

import (
	_ "embed"
	"strconv"
	"strings"
)

// TypeOID is a type by its number: PostgreSQL's own have the same everywhere,
// those of a database do not.
type TypeOID struct {
	OID      uint32
	Name     string // as regtype prints it with nothing but pg_catalog in sight
	Array    uint32 // its array type; 0: none
	Category byte   // pg_type.typcategory
	Kind     byte   // pg_type.typtype
	Domain   uint32 // the type that a domain is over
}

// builtinOIDs has PostgreSQL's own types that have arrays: oid, array,
// category, kind, name.
//
//go:embed builtin_oids.txt
var builtinOIDs string

var typeOIDs, typesByName = readTypeOIDs(builtinOIDs)

func readTypeOIDs(text string) (byOID map[uint32]*TypeOID, byName map[string]*TypeOID) {
	byOID, byName = map[uint32]*TypeOID{}, map[string]*TypeOID{}
	for line := range strings.Lines(text) {
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 5); len(f) == 5 {
			t := &TypeOID{OID: oid(f[0]), Array: oid(f[1]), Category: f[2][0], Kind: f[3][0], Name: f[4]}
			byOID[t.OID], byName[t.Name] = t, t
		}
	}
	return byOID, byName
}

func oid(text string) uint32 {
	n, _ := strconv.ParseUint(text, 10, 32)
	return uint32(n)
}

// TypeOID is the type with number oid, if it has an array type; nil if it is
// not known. A nil Snapshot knows PostgreSQL's own.
func (s *Snapshot) TypeOID(oid uint32) *TypeOID {
	if t := typeOIDs[oid]; t != nil || s == nil {
		return t
	}
	return s.oids[oid]
}

// TypeNamed is the type that regtype prints as name; nil if it is not known,
// or has no array type.
func (s *Snapshot) TypeNamed(name string) *TypeOID {
	if t := typesByName[name]; t != nil || s == nil {
		return t
	}
	return s.typeNames[name]
}

func (b *builder) typeOID(r row) {
	t := &TypeOID{OID: r.oid(0), Name: r.text(1), Array: r.oid(2), Category: r.letter(3), Kind: r.letter(4), Domain: r.oid(5)}
	b.s.oids[t.OID], b.s.typeNames[t.Name] = t, t
}
