package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// readTree makes the tree of one file; nil after a problem that leaves nothing
// to look at, and for an empty file.
func readTree(rep *report, file string, src []byte) *node {
	b := &treeBuilder{file: file, rep: rep}
	switch {
	case len(src) > maxFile:
		rep.errorf(pos{file, 1, 1}, "more than %d bytes in one file", maxFile)
		return nil
	case !utf8.Valid(src):
		rep.errorf(place(file, src, invalidAt(src)), "not UTF-8 text")
		return nil
	case json.Valid(src):
		return readJSON(b, src)
	}
	docs, err := parseYAML(src)
	switch {
	case err != nil:
		reportSyntax(rep, file, src, err)
		return nil
	case len(docs) == 0:
		return nil
	case len(docs) > 1:
		rep.errorf(pos{file, docs[1].Line, docs[1].Column}, "a second document begins here (---); a file holds one")
	}
	return b.yaml(docs[0].Content[0], 0)
}

// parseYAML returns the first two documents of src. A panic of the library is
// returned as an error: a reload must not end the process.
func parseYAML(src []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: cannot be read: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for len(docs) < 2 {
		doc := new(yaml.Node)
		if err := dec.Decode(doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if len(doc.Content) > 0 {
			docs = append(docs, doc)
		}
	}
	return docs, nil
}

// syntaxText is the library's message without its place, and without the one
// thing of the file that it quotes: an alias may be a password without quotes.
func syntaxText(err error) string {
	text := libraryPlace.ReplaceAllString(err.Error(), "")
	if strings.HasPrefix(text, "unknown anchor") {
		return "an alias (*...) to an anchor that is not defined; a value that begins with * needs quotes"
	}
	return text
}

var libraryPlace = regexp.MustCompile(`^yaml: (line \d+: )?`)

// reportSyntax says where src stops being YAML. The library knows at most a line,
// often that of the surroundings, so the place is found by asking it again: the
// shortest beginning of src that gives the same error ends there.
func reportSyntax(rep *report, file string, src []byte, err error) {
	want := syntaxText(err)
	good, bad := 0, len(src)
	for bad-good > 1 {
		mid := (good + bad) / 2
		if _, err := parseYAML(src[:mid]); err != nil && syntaxText(err) == want {
			bad = mid
		} else {
			good = mid
		}
	}
	at := place(file, src, bad-1)
	line := lineOf(src, bad-1)
	switch {
	case bytes.Contains(line, []byte("${")) && bytes.ContainsAny(line, "[{"):
		want += `; inside {...} or [...] a reference needs quotes: "${env:NAME}"`
	case bytes.ContainsRune(line, '\t'):
		want += "; indent with spaces, not tabs"
	}
	rep.errorf(at, "%s", want)
}

// place is the place of src[offset].
func place(file string, src []byte, offset int) pos {
	offset = max(0, min(offset, len(src)))
	begin := bytes.LastIndexByte(src[:offset], '\n') + 1
	return pos{file, bytes.Count(src[:offset], []byte("\n")) + 1, utf8.RuneCount(src[begin:offset]) + 1}
}

func lineOf(src []byte, offset int) []byte {
	offset = max(0, min(offset, len(src)))
	begin := bytes.LastIndexByte(src[:offset], '\n') + 1
	if end := bytes.IndexByte(src[offset:], '\n'); end >= 0 {
		return src[begin : offset+end]
	}
	return src[begin:]
}

func invalidAt(src []byte) int {
	for i := 0; i < len(src); {
		c, size := utf8.DecodeRune(src[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(src)
}
