package config

import (
	"reflect"
	"strings"
)

// Setting describes one setting, apart from any file. In Path, NAME stands for
// the name of a user, listener, cluster or tls section.
type Setting struct {
	Path       string
	Type       string // duration, size, number, bool, string, secret, address, a|b|c, list of ...
	Default    string // in the words of the file, or a rule in words; "" is unset
	Required   bool
	Min, Max   string // bounds in the words of the file, "" for none
	Reloadable bool   // a reload changes it; else a restart is needed
	Doc        string
}

// Settings lists every setting there is, in the order of the file's sections.
func Settings() []Setting { return settingsOf(reflect.TypeFor[Config](), "", nil) }

func settingsOf(t reflect.Type, path string, all []Setting) []Setting {
	for _, f := range fieldsOf(t) {
		at := strings.TrimPrefix(path+"."+f.key, ".")
		switch {
		case isSection(f.typ):
			all = settingsOf(f.typ.Elem(), at+".NAME", all)
			continue
		case isGroup(f.typ):
			if f.typ.Kind() == reflect.Pointer {
				f.typ = f.typ.Elem()
			}
			all = settingsOf(f.typ, at, all)
			continue
		case f.doc == "": // a name, which is the key of its section
			continue
		}
		all = append(all, Setting{at, typeName(f.typ), defaultText(f), f.required && f.or == "", f.min, f.max, !f.restart, f.doc})
		if f.typ.Kind() == reflect.Slice && isItem(f.typ.Elem()) && !strings.Contains(at, ".shards.") {
			all = settingsOf(f.typ.Elem(), at+"[]", all)
		}
	}
	return all
}
