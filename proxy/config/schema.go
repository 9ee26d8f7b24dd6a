package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// field is one setting, or one section, as the struct tags describe it:
//
//	wye:"key[,required][,restart]"  its key; must it be given; is a reload not enough
//	wye:"key[,one]"                 a list of one may be written as its value alone
//	or:"shards"                     a required setting's rival: one of the two, not both
//	default:"20"                    in the words of the file
//	derived:"the cluster's"         said of a default that depends on other settings
//	min:"1" max:"100"               bounds, in the words of the file
//	check:"bind|addr|tcp"           more that a string must satisfy
//	doc:"..."                       one or two sentences
type field struct {
	key               string
	index             int
	typ               reflect.Type
	required, restart bool
	one               bool
	def               string
	hasDefault        bool
	derived           string
	or                string
	min, max          string
	check             string
	doc               string
}

// enum is a string type with a closed list of values.
type enum interface{ allowed() []string }

// aliased is an enum some of whose values have other names. What is none is
// returned as it is.
type aliased interface{ canonical(name string) string }

var (
	durationType = reflect.TypeFor[time.Duration]()
	secretType   = reflect.TypeFor[Secret]()
	nodeType     = reflect.TypeFor[Node]()
	serverType   = reflect.TypeFor[Server]()
	literalType  = reflect.TypeFor[Literal]()
	tableType    = reflect.TypeFor[Table]()
	itemTypes    = []reflect.Type{nodeType, serverType, reflect.TypeFor[NameRoute](), reflect.TypeFor[RouteShare](), reflect.TypeFor[Placed](), reflect.TypeFor[Range](), reflect.TypeFor[Listed]()}
	fieldCache   sync.Map // reflect.Type -> []field
)

// fieldsOf returns the settings of a struct type in their order.
func fieldsOf(t reflect.Type) []field {
	if known, ok := fieldCache.Load(t); ok {
		return known.([]field)
	}
	var all []field
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() {
			continue
		}
		key, options, _ := strings.Cut(sf.Tag.Get("wye"), ",")
		f := field{
			key: key, index: i, typ: sf.Type,
			required: strings.Contains(options, "required"),
			restart:  strings.Contains(options, "restart"),
			one:      strings.Contains(options, "one"),
			derived:  sf.Tag.Get("derived"),
			or:       sf.Tag.Get("or"),
			min:      sf.Tag.Get("min"),
			max:      sf.Tag.Get("max"),
			check:    sf.Tag.Get("check"),
			doc:      sf.Tag.Get("doc"),
		}
		f.def, f.hasDefault = sf.Tag.Lookup("default")
		all = append(all, f)
	}
	fieldCache.Store(t, all)
	return all
}

// isSection tells whether the type is a section of named things: a slice of
// structs whose first field is the name.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct && !isItem(t.Elem())
}

// isGroup tells whether the type is a mapping of settings, perhaps optional.
func isGroup(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && !isItem(t)
}

// isItem tells whether the type is one of a list of mappings without names.
func isItem(t reflect.Type) bool { return slices.Contains(itemTypes, t) }

// isAddressed tells whether the type is an item that may be written as its
// address alone, its first field.
func isAddressed(t reflect.Type) bool { return t == nodeType || t == serverType }

// allowedOf returns the values of an enumerated type, nil for any other.
func allowedOf(t reflect.Type) []string {
	if e, ok := reflect.Zero(t).Interface().(enum); ok {
		return e.allowed()
	}
	return nil
}

// typeName says the type of a setting in the words of the reference.
func typeName(t reflect.Type) string {
	if values := allowedOf(t); values != nil {
		return strings.Join(values, "|")
	}
	switch {
	case t == durationType:
		return "duration"
	case t == secretType:
		return "secret"
	case isAddressed(t):
		return "address"
	case t == literalType:
		return "key"
	case isItem(t):
		return "mapping"
	case t.Kind() == reflect.Pointer:
		return typeName(t.Elem())
	case t.Kind() == reflect.Slice:
		return "list of " + typeName(t.Elem())
	case t.Kind() == reflect.Int64:
		return "size"
	case t.Kind() == reflect.Int:
		return "number"
	case t.Kind() == reflect.Bool:
		return "bool"
	}
	return "string"
}

// join puts a key behind a path. A name with other than the usual characters
// is quoted, so that a path can be read back.
func join(path, key string) string {
	if !plainName(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func plainName(name string) bool {
	for _, c := range []byte(name) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return name != ""
}
