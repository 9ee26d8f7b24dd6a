package config

import (
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
)

// decoder fills a Config from trees. Several trees may be decoded one after the
// other into the same Config (includes): groups are joined, and what is given
// twice is refused with both places.
type decoder struct {
	*report
	outside outside
	loose   bool           // values come from a URL: no quotes, no references
	where   map[string]pos // path -> where its value, or a named thing's name, stands
	hidden  map[string]bool
	open    map[string]fs.FileMode // files that others on the machine can read
	broken  map[string]bool        // paths of named things that were not read in full
}

// group decodes a mapping of settings into a struct. skip is the key that has
// been read already.
func (d *decoder) group(n *node, path string, v reflect.Value, skip string) {
	if n.kind != mapNode {
		d.wrongKind(n, path, mapNode)
		return
	}
	fields := fieldsOf(v.Type())
	settings := slices.DeleteFunc(slices.Clone(fields), func(f field) bool { return f.doc == "" && f.key == "name" })
	given := map[string]bool{}
	for _, p := range n.pairs {
		given[p.key] = true
		if f, ok := find(fields, p.key); !ok {
			d.unknownKey(p, path, settings)
		} else if p.key != skip {
			d.value(p.value, join(path, p.key), f, v.Field(f.index))
		}
	}
	for _, f := range fields {
		switch {
		case !f.required:
		case f.or != "" && given[f.or]:
			if given[f.key] {
				d.errorf(d.at(path), "%s: %s or %s, not both", path, f.key, f.or)
			}
		case !given[f.key]:
			d.errorf(d.at(path), "%s is missing", join(path, f.key))
		}
	}
}

func find(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

func (d *decoder) unknownKey(p pair, path string, fields []field) {
	in := ""
	if path != "" {
		in = " in " + path
	}
	hint := didYouMean(p.key, keysOf(fields))
	if hint == "" {
		hint = "; it is one of " + strings.Join(keysOf(fields), ", ")
	} else {
		hint += "?"
	}
	d.errorf(p.keyAt, "unknown setting %s%s%s", show(p.key), in, hint)
}

// value decodes whatever a setting holds.
func (d *decoder) value(n *node, path string, f field, v reflect.Value) {
	switch {
	case isSection(f.typ):
		d.section(n, path, v)
	case isGroup(f.typ):
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(f.typ.Elem()))
				setDefaults(v.Elem())
			}
			v = v.Elem()
		}
		d.note(path, n.at)
		d.group(n, path, v, "")
	case f.typ.Kind() == reflect.Slice:
		d.list(n, path, f, v)
	default:
		d.leaf(n, path, f, v)
	}
}

// list decodes a list of single values or of mappings without names. A node of
// a cluster or a server of a pool may be written as its address alone.
func (d *decoder) list(n *node, path string, f field, v reflect.Value) {
	items := n.items
	switch {
	case n.kind == listNode:
	case n.kind == scalarNode && f.one:
		items = []*node{n}
	default:
		d.wrongKind(n, path, listNode)
		return
	}
	if !d.once(path, n.at) {
		return
	}
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		value := reflect.New(f.typ.Elem()).Elem()
		if isItem(f.typ.Elem()) {
			setDefaults(value)
		}
		switch {
		case !isItem(f.typ.Elem()):
			d.leaf(item, at, f, value)
		case item.kind == scalarNode && isAddressed(f.typ.Elem()):
			addr := fieldsOf(f.typ.Elem())[0]
			d.note(at, item.at)
			d.leaf(item, join(at, addr.key), addr, value.Field(addr.index))
		default:
			d.note(at, item.at)
			d.group(item, at, value, "")
		}
		v.Set(reflect.Append(v, value))
	}
}

// leaf decodes a single value.
func (d *decoder) leaf(n *node, path string, f field, v reflect.Value) {
	if n.kind != scalarNode {
		d.wrongKind(n, path, scalarNode)
		return
	}
	if path != "version" && !d.once(path, n.at) {
		return
	}
	s := scalar{text: n.text, plain: n.plain, loose: d.loose, hidden: v.Type() == secretType}
	if !d.loose {
		text, referred, err := d.outside.expand(n.text, n.at.file)
		if err != nil {
			d.errorf(n.at, "%s: %v", path, err)
			return
		}
		s.text = text
		if referred {
			s.loose, s.hidden = true, true
			d.hidden[path] = true
		}
	}
	if err := s.set(f, v); err != nil {
		d.errorf(n.at, "%s: %v", path, err)
	}
}

// once notes where a path is set, and refuses the second time.
func (d *decoder) once(path string, at pos) bool {
	if first, twice := d.where[path]; twice {
		d.errorf(at, "%s is already set at %s:%d:%d", path, first.file, first.line, first.col)
		return false
	}
	d.where[path] = at
	return true
}

func (d *decoder) note(path string, at pos) {
	if _, known := d.where[path]; !known {
		d.where[path] = at
	}
}

// at is the place of a path, or of the nearest thing around it that stands in
// a file.
func (d *decoder) at(path string) pos {
	for {
		if at, ok := d.where[path]; ok {
			return at
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return d.where[""]
		}
		path = path[:i]
	}
}

func (d *decoder) wrongKind(n *node, path string, want kind) {
	switch {
	case path == "":
		d.errorf(n.at, "the file must be a mapping of settings, not %s", n.kind)
	case n.kind == scalarNode && scalar{text: n.text, plain: n.plain}.core() == "null":
		d.errorf(n.at, "%s is empty; remove the line, or give it settings", path)
	case n.kind == scalarNode && want == listNode:
		d.errorf(n.at, "%s must be a list; put [ ] around the value", path)
	default:
		d.errorf(n.at, "%s must be %s, not %s", path, want, n.kind)
	}
}
