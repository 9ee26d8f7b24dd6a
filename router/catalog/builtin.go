package catalog

import (
	_ "embed"
	"strings"
)

// Volatility is pg_proc.provolatile, and one more: internal.
type Volatility byte

// The volatilities, in the letters of pg_proc.
const (
	Immutable Volatility = 'i'
	Stable    Volatility = 's'
	Volatile  Volatility = 'v'
	// Internal functions take or return internal or cstring: type input,
	// handlers, support functions. Nobody calls them by name in earnest, and
	// some run a domain's checks (domain_in).
	Internal Volatility = 'x'
)

// String is the word of CREATE FUNCTION.
func (v Volatility) String() string {
	switch v {
	case Immutable:
		return "immutable"
	case Stable:
		return "stable"
	case Volatile:
		return "volatile"
	}
	return "internal"
}

// builtinText is a line per name: a volatility and the functions that have
// it, or "type" or "operator" and those. Of a name with several functions, the worst
// counts.
//
//go:embed builtin.txt
var builtinText string

// newerText are functions of PostgreSQL 16 to 18 that builtin.txt, made from
// 15, does not have: release notes, appendix E of the manual.
const newerText = `i any_value erf erfc to_bin to_oct unicode_assigned uuid_extract_timestamp uuid_extract_version array_sort array_reverse casefold crc32 crc32c gamma lgamma
s date_add date_subtract
v array_sample array_shuffle random_normal uuidv4 uuidv7`

// builtins are PostgreSQL's own names: those of 15, and newer ones.
var builtins, builtinTypes, builtinOperators = readBuiltins(builtinText + "\n" + newerText)

func readBuiltins(text string) (functions map[string]Volatility, types, operators map[string]bool) {
	functions, types, operators = map[string]Volatility{}, map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, name := range words[min(1, len(words)):] {
			switch words[0] {
			case "type":
				types[name] = true
			case "operator":
				operators[name] = true
			default:
				functions[name] = Volatility(words[0][0])
			}
		}
	}
	return functions, types, operators
}

// BuiltinOperator reports whether PostgreSQL has an operator name. None of
// its own calls anything volatile.
func BuiltinOperator(name string) bool {
	return builtinOperators[name] || name == "!=" // which the grammar makes <>
}
