package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// Value is one setting of one Config. Value and Default are in the words of
// the file; secrets are masked, and what is not set is "".
type Value struct {
	Path       string
	Value      string
	Default    string // the rule in words, for a default that depends on other settings
	Reloadable bool

	raw   string // Value unmasked, for Diff
	thing string // path of the named thing it belongs to, or ""
	outer string // path of the named thing around that, or ""
}

// Values returns every setting of c in the order of the structs, for
// SHOW CONFIG. The list of includes is left out: c holds what they held.
func Values(c *Config) []Value {
	var all []Value
	walk(reflect.ValueOf(c).Elem(), "", "", "", func(path, thing, outer string, f field, v reflect.Value) {
		if path == "include" {
			return
		}
		row := Value{Path: path, Default: defaultText(f), Reloadable: !f.restart, thing: thing, outer: outer}
		if !unset(f, v) {
			row.Value, row.raw = text(c, path, v, true), text(c, path, v, false)
		}
		all = append(all, row)
	})
	return all
}

// walk calls visit for each setting within v, lists being one setting.
func walk(v reflect.Value, path, thing, outer string, visit func(path, thing, outer string, f field, v reflect.Value)) {
	for _, f := range fieldsOf(v.Type()) {
		at, fv := join(path, f.key), v.Field(f.index)
		switch {
		case thing == path && thing != "" && f.key == "name":
		case isSection(f.typ):
			for i := range fv.Len() {
				named := join(at, fv.Index(i).Field(0).String())
				walk(fv.Index(i), named, named, thing, visit)
			}
		case isGroup(f.typ):
			if fv.Kind() == reflect.Pointer {
				if fv.IsNil() {
					continue
				}
				fv = fv.Elem()
			}
			walk(fv, at, thing, outer, visit)
		default:
			visit(at, thing, outer, f, fv)
		}
	}
}

// text writes a setting as the file would, masked if asked to.
func text(c *Config, path string, v reflect.Value, masked bool) string {
	switch t := v.Type(); {
	case t.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = text(c, fmt.Sprintf("%s[%d]", path, i), v.Index(i), masked)
		}
		return "[" + strings.Join(items, ", ") + "]"
	case t.Kind() == reflect.Pointer:
		return text(c, path, v.Elem(), masked)
	case isServerAlone(v):
		return text(c, path+".addr", v.Field(0), masked)
	case isItem(t) && t != nodeType:
		return itemText(c, path, v, masked)
	case t == nodeType:
		addr, n := text(c, path+".addr", v.Field(0), masked), v.Interface().(Node)
		return fmt.Sprintf("{addr: %s, weight: %d, zone: %q}", addr, n.Weight, n.Zone)
	case masked && (c.hidden[path] || t == secretType):
		return Secret(plainText(v)).String()
	}
	return plainText(v)
}

// isServerAlone tells whether an item says nothing but its address.
func isServerAlone(v reflect.Value) bool {
	alone, ok := v.Interface().(interface{ plain() bool })
	return ok && alone.plain()
}

// itemText writes a mapping of a list.
func itemText(c *Config, path string, v reflect.Value, masked bool) string {
	var parts []string
	for _, f := range fieldsOf(v.Type()) {
		if fv := v.Field(f.index); !unset(f, fv) {
			parts = append(parts, f.key+": "+text(c, join(path, f.key), fv, masked))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// plainText writes a single value without masking it.
func plainText(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return durationText(time.Duration(v.Int()))
	case v.Kind() == reflect.Int64:
		return sizeText(v.Int())
	case v.Kind() == reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case v.Kind() == reflect.Bool:
		return strconv.FormatBool(v.Bool())
	}
	return v.String()
}

// durationText is Duration.String without the zeros at its end.
func durationText(d time.Duration) string {
	s := d.String()
	if d == 0 {
		return "0"
	}
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// sizeText writes a size in the largest unit that leaves no fraction.
func sizeText(n int64) string {
	best := units[len(units)-1]
	for _, u := range units {
		if n%u.bytes == 0 && u.bytes > best.bytes {
			best = u
		}
	}
	if n == 0 {
		return "0"
	}
	return strconv.FormatInt(n/best.bytes, 10) + best.name
}

func defaultText(f field) string {
	if f.derived != "" {
		return f.derived
	}
	return f.def
}
