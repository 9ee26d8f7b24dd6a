package config

import "go.yaml.in/yaml/v3"

// Bounds on what a file may hold. A real one has some hundreds of settings;
// the bounds keep an alias bomb or a wrong file from costing time or memory.
const (
	maxFile    = 1 << 20 // bytes of one file
	maxDepth   = 32      // mappings and lists inside each other
	maxAliases = 200     // uses of *aliases in one file
	maxNodes   = 100_000 // values in one file, aliases written out
	maxText    = 4 << 20 // bytes of all scalars in one file, aliases written out
)

// pos is a place in a file; line and col count from 1.
type pos struct {
	file      string
	line, col int
}

type kind int

const (
	scalarNode kind = iota
	listNode
	mapNode
)

func (k kind) String() string { return [...]string{"a value", "a list", "a mapping"}[k] }

// node is one value of a file, whether it was written as YAML or as JSON, with
// aliases written out and duplicate keys refused.
type node struct {
	kind  kind
	at    pos
	text  string // of a scalar
	plain bool   // a scalar without quotes, which may be a number, a bool or null
	items []*node
	pairs []pair
}

type pair struct {
	key   string
	keyAt pos
	value *node
}

// treeBuilder makes nodes within the bounds. It reports what YAML allows and
// wye does not.
type treeBuilder struct {
	file                 string
	rep                  *report
	nodes, text, aliases int
	full                 bool // a bound was hit and reported
}

// yaml makes the tree of a YAML node; nil when a bound was hit.
func (b *treeBuilder) yaml(y *yaml.Node, depth int) *node {
	at := pos{b.file, y.Line, y.Column}
	if !b.room(at, len(y.Value), depth) {
		return nil
	}
	if y.Kind == yaml.AliasNode {
		return b.alias(y, at, depth)
	}
	if y.Style&yaml.TaggedStyle != 0 {
		b.rep.errorf(at, "tags (!...) are not allowed; a value that begins with ! needs quotes")
	}
	n := &node{at: at}
	switch y.Kind {
	case yaml.SequenceNode:
		n.kind = listNode
		for _, c := range y.Content {
			if item := b.yaml(c, depth+1); item != nil {
				n.items = append(n.items, item)
			}
		}
	case yaml.MappingNode:
		n.kind = mapNode
		seen := map[string]pos{}
		for i := 0; i+1 < len(y.Content); i += 2 {
			if key, ok := b.key(y.Content[i]); ok {
				b.pair(n, seen, key, pos{b.file, y.Content[i].Line, y.Content[i].Column}, b.yaml(y.Content[i+1], depth+1))
			}
		}
	default:
		n.text = y.Value
		n.plain = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	}
	return n
}

// alias writes out what *name stands for, placed where the alias stands, so that
// the problem is shown where it can be seen in its surroundings.
func (b *treeBuilder) alias(y *yaml.Node, at pos, depth int) *node {
	b.aliases++
	if b.aliases > maxAliases {
		if !b.full {
			b.rep.errorf(at, "more than %d aliases", maxAliases)
			b.full = true
		}
		return nil
	}
	n := b.yaml(y.Alias, depth+1)
	if n != nil {
		n.at = at
	}
	return n
}

func (b *treeBuilder) key(y *yaml.Node) (string, bool) {
	at := pos{b.file, y.Line, y.Column}
	switch {
	case y.Kind != yaml.ScalarNode:
		b.rep.errorf(at, "a key must be a word")
		return "", false
	case y.Style&yaml.TaggedStyle != 0:
		b.rep.errorf(at, "tags are not allowed")
		return "", false
	case y.Value == "<<" && y.Style == 0:
		b.rep.errorf(at, "merge keys (<<) are not part of YAML 1.2; write the settings out, or use an alias for a whole section")
		return "", false
	}
	return y.Value, true
}

// pair adds key and value to n unless the key stands there already.
func (b *treeBuilder) pair(n *node, seen map[string]pos, key string, at pos, value *node) {
	if first, twice := seen[key]; twice {
		b.rep.errorf(at, "%s is given twice, first at %d:%d", show(key), first.line, first.col)
		return
	}
	seen[key] = at
	if value != nil {
		n.pairs = append(n.pairs, pair{key, at, value})
	}
}

// room accounts for one more value and tells whether it is within the bounds.
func (b *treeBuilder) room(at pos, text, depth int) bool {
	b.nodes++
	b.text += text
	switch {
	case b.full:
		return false
	case depth > maxDepth:
		b.rep.errorf(at, "more than %d mappings and lists inside each other", maxDepth)
	case b.nodes > maxNodes:
		b.rep.errorf(at, "more than %d values in one file", maxNodes)
	case b.text > maxText:
		b.rep.errorf(at, "more than %d bytes in one file, aliases written out", maxText)
	default:
		return true
	}
	b.full = true
	return false
}
