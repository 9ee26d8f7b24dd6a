package config

import (
	"bytes"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// Dump writes c as one YAML file with all defaults filled in, includes joined,
// and every secret masked.
func Dump(c *Config) []byte {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(dumpGroup(c, reflect.ValueOf(c).Elem(), "", "include")); err != nil {
		panic("config: dump: " + err.Error()) // the tree is ours, and writing to memory cannot end
	}
	return out.Bytes()
}

// dumpGroup makes the mapping of a struct, leaving out what is not set and the
// key skip.
func dumpGroup(c *Config, v reflect.Value, path, skip string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range fieldsOf(v.Type()) {
		fv := v.Field(f.index)
		if f.key == skip || unset(f, fv) {
			continue
		}
		at := join(path, f.key)
		var value *yaml.Node
		switch {
		case isSection(f.typ):
			value = dumpSection(c, fv, at)
		case isGroup(f.typ):
			value = dumpGroup(c, reflect.Indirect(fv), at, "")
		default:
			value = dumpValue(c, fv, at)
		}
		if value.Kind == yaml.MappingNode && len(value.Content) == 0 {
			continue
		}
		n.Content = append(n.Content, str(f.key), value)
	}
	return n
}

func dumpSection(c *Config, v reflect.Value, path string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := range v.Len() {
		name := v.Index(i).Field(0).String()
		thing := dumpGroup(c, v.Index(i), join(path, name), "name")
		if len(thing.Content) == 0 {
			thing.Style = yaml.FlowStyle // {}
		}
		n.Content = append(n.Content, str(name), thing)
	}
	return n
}

func dumpValue(c *Config, v reflect.Value, path string) *yaml.Node {
	if v.Kind() == reflect.Slice {
		n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for i := range v.Len() {
			n.Content = append(n.Content, dumpValue(c, v.Index(i), fmt.Sprintf("%s[%d]", path, i)))
		}
		return n
	}
	if isItem(v.Type()) && !isServerAlone(v) {
		group := dumpGroup(c, v, path, "")
		group.Style = yaml.FlowStyle
		return group
	}
	shown := text(c, path, v, true)
	switch reflect.Indirect(v).Kind() {
	case reflect.Int, reflect.Int64, reflect.Bool:
		if shown != Mask {
			return &yaml.Node{Kind: yaml.ScalarNode, Value: shown}
		}
	}
	return str(shown)
}

// str is a string, which the encoder quotes where it would read as another type.
func str(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
}

// unset tells whether a setting has neither a value nor a default.
func unset(f field, v reflect.Value) bool {
	return !f.hasDefault && !(f.typ.Kind() == reflect.Struct) && v.IsZero()
}
