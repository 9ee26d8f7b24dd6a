package catalog

import (
	"fmt"
	"strconv"
	"strings"
)

// The results of Queries, in their order, and how many columns each has.
const (
	resultSettings = iota
	resultBuiltins
	resultBuiltinTypes
	resultFunctions
	resultRelations
	resultInherits
	resultCascades
	resultPolicies
	resultTypes
	resultCasts
	resultOperators
	resultClasses
	resultDatabase
	resultColumns
	resultUnique
	resultForeign
	resultTypeOIDs
)

var columns = [...]int{
	resultSettings: 2, resultBuiltins: 2, resultBuiltinTypes: 1, resultFunctions: 14, resultRelations: 9, resultInherits: 2,
	resultCascades: 2, resultPolicies: 2, resultTypes: 8, resultCasts: 4, resultOperators: 3, resultClasses: 1,
	resultDatabase: 2, resultColumns: 12, resultUnique: 6, resultForeign: 5, resultTypeOIDs: 6,
}

// builder makes one Snapshot.
type builder struct {
	s         *Snapshot
	relations map[string]*Relation // by regclass
}

// Build makes a Snapshot of the results of Queries: results, rows, columns as
// text, nil for NULL. It keeps the strings. An error means that these are not
// the results of Queries.
func Build(results [][][]*string) (*Snapshot, error) {
	if len(results) != len(columns) {
		return nil, fmt.Errorf("%d results, want %d", len(results), len(columns))
	}
	for i, rows := range results {
		for _, row := range rows {
			if len(row) != columns[i] {
				return nil, fmt.Errorf("result %d has %d columns, want %d", i, len(row), columns[i])
			}
		}
	}
	b := builder{relations: map[string]*Relation{}, s: &Snapshot{
		builtins: map[string]Volatility{}, types: map[string]bool{}, functions: map[string][]*Function{},
		relations: map[string][]*Relation{}, ownTypes: map[string][]*Type{}, operators: map[string][]Operator{},
		casts: map[string][]Ref{}, signatures: map[string]*Function{}, oids: map[uint32]*TypeOID{}, typeNames: map[string]*TypeOID{},
	}}
	steps := [...]func(row){
		resultSettings: func(row) {}, resultBuiltins: b.builtin, resultBuiltinTypes: b.builtinType, resultFunctions: b.function,
		resultRelations: b.relation, resultInherits: b.inherits, resultCascades: b.cascade, resultPolicies: b.policy,
		resultTypes: b.ownType, resultCasts: b.cast, resultOperators: b.operator, resultClasses: b.class,
		resultDatabase: b.database, resultColumns: b.column, resultUnique: b.unique, resultForeign: b.foreign, resultTypeOIDs: b.typeOID,
	}
	for i, rows := range results {
		for _, r := range rows {
			steps[i](r)
		}
	}
	for _, r := range results[resultFunctions] { // an aggregate may stand before its parts
		b.s.signatures[row(r).text(0)].Support = b.refs(row(r).text(11))
	}
	return b.s, nil
}

// row is one row of a result.
type row []*string

// text is column i, "" for NULL.
func (r row) text(i int) string {
	if r[i] == nil {
		return ""
	}
	return *r[i]
}

// letter is column i where a catalog has a "char".
func (r row) letter(i int) byte {
	if text := r.text(i); text != "" {
		return text[0]
	}
	return 0
}

func (r row) number(i int) int {
	n, err := strconv.Atoi(r.text(i))
	if err != nil {
		return -1 // any number
	}
	return n
}

func (r row) yes(i int) bool { return r.text(i) == "t" }

// lines are the lines of column i.
func (r row) lines(i int) []string {
	if r.text(i) == "" {
		return nil
	}
	return strings.Split(r.text(i), "\n")
}

func (b *builder) builtin(r row) { b.s.builtins[r.text(0)] = Volatility(r.letter(1)) }

func (b *builder) builtinType(r row) { b.s.types[r.text(0)] = true }

func (b *builder) function(r row) {
	f := &Function{
		Schema: r.text(1), Name: r.text(2), Aggregate: r.letter(3) == 'a', Volatility: Volatility(r.letter(4)), Language: r.text(5),
		Min: r.number(6), Max: r.number(7), Extension: r.yes(8), OfRow: r.yes(9), Source: r.text(10),
		DDL: r.yes(12), Locks: r.yes(13),
	}
	b.s.signatures[r.text(0)] = f
	b.s.functions[f.Name] = append(b.s.functions[f.Name], f)
}

func (b *builder) relation(r row) {
	one := &Relation{
		Schema: r.text(1), Name: r.text(2), Kind: r.letter(3), Persistence: r.letter(4), Secured: r.yes(5), Unbounded: r.yes(6),
		View: r.text(7),
	}
	for _, name := range r.lines(8) {
		one.Types = append(one.Types, strings.TrimSuffix(name, "[]"))
	}
	b.relations[r.text(0)] = one
	b.s.relations[one.Name] = append(b.s.relations[one.Name], one)
}

func (b *builder) inherits(r row) {
	child, parent := b.relations[r.text(0)], b.relations[r.text(1)]
	if child != nil && parent != nil {
		child.Parents, parent.Children = append(child.Parents, parent), append(parent.Children, child)
	}
}

func (b *builder) cascade(r row) {
	if from, to := b.relations[r.text(0)], b.relations[r.text(1)]; from != nil && to != nil {
		from.Cascades = append(from.Cascades, to)
	}
}

func (b *builder) policy(r row) {
	if one := b.relations[r.text(0)]; one != nil && one.Secured {
		one.Policies = append(one.Policies, r.text(1))
	}
}

func (b *builder) ownType(r row) {
	t := &Type{
		Schema: r.text(1), Name: r.text(2), Kind: r.letter(3), Extension: r.yes(4), Checks: r.text(6), Functions: b.refs(r.text(7)),
	}
	for _, name := range r.lines(5) {
		t.Parts = append(t.Parts, strings.TrimSuffix(name, "[]"))
	}
	b.s.ownTypes[t.Name] = append(b.s.ownTypes[t.Name], t)
}

// cast: an implicit one needs no word in a statement, one on assignment none
// in a function, and to_json looks for one to json by itself. The others name
// the type.
func (b *builder) cast(r row) {
	_, name := Unqualify(strings.TrimSuffix(r.text(1), "[]"))
	if r.letter(2) != 'e' || name == "json" || name == "jsonb" {
		b.s.implied = append(b.s.implied, b.ref(r.text(3)))
	}
	b.s.casts[name] = append(b.s.casts[name], b.ref(r.text(3)))
}

func (b *builder) operator(r row) {
	o := Operator{Schema: r.text(0), Name: r.text(1), Function: b.ref(r.text(2))}
	b.s.operators[o.Name] = append(b.s.operators[o.Name], o)
}

func (b *builder) class(r row) { b.s.implied = append(b.s.implied, b.ref(r.text(0))) }

// refs reads signatures, one per line; "-" is none.
func (b *builder) refs(signatures string) (refs []Ref) {
	for line := range strings.Lines(signatures) {
		if line = strings.TrimSuffix(line, "\n"); line != "-" {
			refs = append(refs, b.ref(line))
		}
	}
	return refs
}

// ref finds the function of a regprocedure. One that is not the database's
// own has no schema in front, because pg_catalog is in the search_path.
func (b *builder) ref(signature string) Ref {
	if f := b.s.signatures[signature]; f != nil {
		return Ref{Function: f, Name: f.Name}
	}
	name, _, _ := strings.Cut(signature, "(")
	return Ref{Name: name}
}

// Unqualify splits the text of a regclass or regtype into schema and name
// without quotes. A name of PostgreSQL's own has no schema.
func Unqualify(text string) (schema, name string) {
	parts, part, quoted := []string{}, strings.Builder{}, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' && quoted && i+1 < len(text) && text[i+1] == '"':
			part.WriteByte(c)
			i++
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteByte(c)
		}
	}
	if len(parts) > 0 {
		schema = parts[0]
	}
	return schema, part.String()
}
