package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// JSON is read by its own rules where a file is JSON throughout: YAML readers
// stumble over its tabs, its \/ and its surrogate pairs.

// jsonReader makes a tree of a valid JSON text and finds the place of each token.
type jsonReader struct {
	*treeBuilder
	src  []byte
	dec  *json.Decoder
	done int // bytes of src whose place is known
	at   pos // place of src[done]
}

// readJSON makes the tree of src, which json.Valid accepts.
func readJSON(b *treeBuilder, src []byte) *node {
	r := &jsonReader{treeBuilder: b, src: src, dec: json.NewDecoder(bytes.NewReader(src)), at: pos{b.file, 1, 1}}
	r.dec.UseNumber()
	return r.value(0)
}

// token returns the next token and where it begins.
func (r *jsonReader) token() (json.Token, pos) {
	start := int(r.dec.InputOffset())
	for start < len(r.src) && bytes.IndexByte([]byte(" \t\r\n,:"), r.src[start]) >= 0 {
		start++
	}
	tok, _ := r.dec.Token()
	for r.done < start {
		c, size := utf8.DecodeRune(r.src[r.done:])
		r.done += size
		if r.at.col++; c == '\n' {
			r.at.line, r.at.col = r.at.line+1, 1
		}
	}
	return tok, r.at
}

// value makes the tree of the next value. Past a bound it goes on reading, and
// keeps nothing: the depth that json.Valid allows bounds the recursion.
func (r *jsonReader) value(depth int) *node {
	tok, at := r.token()
	n := &node{at: at, plain: true}
	switch t := tok.(type) {
	case json.Delim:
		if t == '[' {
			n.kind = listNode
			r.list(n, depth)
		} else {
			n.kind = mapNode
			r.mapping(n, depth)
		}
	case string:
		n.text, n.plain = t, false
	case nil:
		n.text = "null"
	default:
		n.text = fmt.Sprint(t)
	}
	if !r.room(at, len(n.text), depth) {
		return nil
	}
	return n
}

func (r *jsonReader) list(n *node, depth int) {
	for r.dec.More() {
		if item := r.value(depth + 1); item != nil {
			n.items = append(n.items, item)
		}
	}
	r.token()
}

func (r *jsonReader) mapping(n *node, depth int) {
	seen := map[string]pos{}
	for r.dec.More() {
		key, at := r.token()
		r.pair(n, seen, key.(string), at, r.value(depth+1))
	}
	r.token()
}
