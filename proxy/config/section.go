package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// section decodes named things, written as a mapping by name or as a list.
func (d *decoder) section(n *node, path string, v reflect.Value) {
	d.note(path, n.at)
	switch n.kind {
	case mapNode:
		for _, p := range n.pairs {
			for _, q := range p.value.pairs {
				if q.key == "name" {
					d.errorf(q.keyAt, "%s: remove this name; the key %s is the name", path, show(p.key))
				}
			}
			d.named(p.value, path, p.key, p.keyAt, v)
		}
	case listNode:
		for i, item := range n.items {
			if name, at, ok := d.nameOf(item, fmt.Sprintf("%s[%d]", path, i)); ok {
				d.named(item, path, name, at, v)
			}
		}
	default:
		d.wrongKind(n, path, mapNode)
	}
}

// nameOf reads the name of a thing in a list.
func (d *decoder) nameOf(n *node, path string) (name string, at pos, ok bool) {
	if n.kind != mapNode {
		d.wrongKind(n, path, mapNode)
		return "", pos{}, false
	}
	for _, p := range n.pairs {
		if p.key != "name" {
			continue
		}
		if p.value.kind != scalarNode {
			d.wrongKind(p.value, path+".name", scalarNode)
			return "", pos{}, false
		}
		s := scalar{text: p.value.text, plain: p.value.plain, loose: d.loose}
		if err := s.set(field{}, reflect.ValueOf(&name).Elem()); err != nil {
			d.errorf(p.value.at, "%s.name: %v", path, err)
			return "", pos{}, false
		}
		return name, p.value.at, true
	}
	d.errorf(n.at, "%s has no name", path)
	return "", pos{}, false
}

// named decodes one named thing and appends it to its section.
func (d *decoder) named(n *node, section, name string, at pos, v reflect.Value) {
	longest := 63 // PostgreSQL's NAMEDATALEN less its closing zero: a longer one could never be asked for
	if v.Type().Elem() == tableType {
		longest = 2*longest + 1 // schema.table
	}
	if wrong := badName(name, longest); wrong != "" {
		d.errorf(at, "%s: the name %s %s", section, show(name), wrong)
		return
	}
	path := join(section, name)
	if first, twice := d.where[path]; twice {
		d.errorf(at, "%s is already defined at %s:%d:%d", path, first.file, first.line, first.col)
		return
	}
	d.where[path] = at
	thing := reflect.New(v.Type().Elem()).Elem()
	setDefaults(thing)
	thing.Field(0).SetString(name)
	wrong := d.wrong
	d.group(n, path, thing, "name")
	d.broken[path] = d.wrong > wrong
	v.Set(reflect.Append(v, thing))
}

// badName says what is wrong with a name.
func badName(name string, longest int) string {
	switch {
	case name == "":
		return "cannot be empty"
	case len(name) > longest:
		return fmt.Sprintf("cannot have more than %d bytes", longest)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "cannot hold control characters"
	case strings.Contains(name, "${"):
		return "cannot hold ${...}; only values can"
	}
	return ""
}
