package sqlparse

import (
	"strconv"
	"strings"
)

// Facts are what one text touches, as far as the text tells: the names in it,
// as the server folds them, and the clause that forbids a replica if there is
// one. What stands behind a name (a view, a trigger, a volatile function) is
// in the catalog and not here. Lists are sorted, without duplicates.
// Immutable and shared; nobody may write to its slices.
type Facts struct {
	// Blame is the clause that keeps the text from a replica, in SQL words:
	// "FOR UPDATE", "INSERT", "several statements". "" if the text itself
	// holds none; then its names decide.
	Blame string
	// Relations are read or written anywhere in the text. A name that can
	// only be that of a WITH query in scope is not among them.
	Relations []Name
	// Writes are those that the text itself writes when it runs.
	Writes []Name
	// Opaque: it may write relations that are not in Writes.
	Opaque bool
	// Functions are called, or may be: also aggregates, TABLESAMPLE methods
	// and grammar such as CURRENT_TIMESTAMP, which is pg_catalog.now().
	Functions []Call
	// Fields are names behind a dot, as b in a.b or (a).b: where a has no
	// such column, PostgreSQL calls the function b(a).
	Fields []string
	// Operators are used by name, or implied: "=" by CASE a WHEN b, USING,
	// DISTINCT and the like, "<" by ORDER BY.
	Operators []Name
	// Types are those of casts, of literals, and of columns defined in the text.
	Types []Name
	Hint  Hint
	// Mode is what the text says about the transaction it begins or is in.
	Mode TxMode
}

// Name is that of a relation, operator or type. Schema is "" where the text
// has none. A database in front of the schema is left out: it can only be the
// session's own.
type Name struct{ Schema, Name string }

// Call is a function called with Args arguments, as written: one marked
// VARIADIC counts as one, and defaults do not count. The arguments of an
// ordered-set aggregate's WITHIN GROUP do.
type Call struct {
	Schema, Name string
	Args         int
}

// TxMode holds the modes given in BEGIN, START TRANSACTION, SET TRANSACTION,
// SET SESSION CHARACTERISTICS, or SET of transaction_isolation and the like.
// A mode that is not given is zero. A call of set_config does not count.
type TxMode struct {
	ReadOnly, ReadWrite bool
	Isolation           string // "serializable", "repeatable read", ...; "" if not given
	Deferrable          bool
	Snapshot            bool // SET TRANSACTION SNAPSHOT
	// Session: the modes are the defaults of transactions to come, and say
	// nothing about the current one.
	Session bool
}

// Facts are nil where the text was not parsed: then anything may be in it.
func (s *Statement) Facts() *Facts { return s.facts }

// String is the name as it could stand in SQL, if it needs no quotes.
func (n Name) String() string {
	if n.Schema == "" {
		return n.Name
	}
	return n.Schema + "." + n.Name
}

// String is the name, a slash and the number of arguments.
func (c Call) String() string {
	return Name{c.Schema, c.Name}.String() + "/" + strconv.Itoa(c.Args)
}

// String prints the facts for people and golden tests, a line for each that
// is not empty.
func (f *Facts) String() string {
	if f == nil {
		return "no facts\n"
	}
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			b.WriteString(label + ": " + text + "\n")
		}
	}
	line("blame", f.Blame)
	line("relations", joined(f.Relations))
	line("writes", joined(f.Writes))
	if f.Opaque {
		b.WriteString("opaque\n")
	}
	line("functions", joined(f.Functions))
	line("fields", strings.Join(f.Fields, " "))
	line("operators", joined(f.Operators))
	line("types", joined(f.Types))
	line("hint", f.Hint.String())
	line("mode", f.Mode.String())
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

func joined[T interface{ String() string }](list []T) string {
	words := make([]string, len(list))
	for i := range list {
		words[i] = list[i].String()
	}
	return strings.Join(words, " ")
}

// String lists the modes in SQL words; "" for none.
func (m TxMode) String() string {
	var words []string
	for _, w := range [...]struct {
		on   bool
		word string
	}{
		{m.Session, "session"}, {m.ReadOnly, "read only"}, {m.ReadWrite, "read write"},
		{m.Isolation != "", m.Isolation}, {m.Deferrable, "deferrable"},
	} {
		if w.on {
			words = append(words, w.word)
		}
	}
	return strings.Join(words, ", ")
}
