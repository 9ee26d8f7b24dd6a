package sqlparse

import (
	"bytes"
	"errors"
	"unicode/utf8"
	"unsafe"

	pg_query "github.com/pganalyze/pg_query_go/v5"
)

// ErrNotRead is returned for text that must not or cannot be parsed: the
// server says what is wrong with it.
var ErrNotRead = errors.New("the statement is not understood")

// maxTree bounds the text that Tree takes, in bytes: a tree takes some
// hundred times its text.
const maxTree = 1 << 20

// Tree parses sql for those who take statements apart. It remembers nothing.
// Like [Reader] it never shows the grammar what could overflow the C stack:
// what is long must be so by rows or list items that look alike, because they
// stand beside each other in the tree and not below.
func Tree(sql string) (*pg_query.ParseResult, error) {
	text := unsafe.Slice(unsafe.StringData(sql), len(sql))
	if len(sql) > maxTree || bytes.IndexByte(text, 0) >= 0 || !utf8.Valid(text) || longRun(text) {
		return nil, ErrNotRead
	}
	if limit := parseLimit(); len(sql) > limit {
		if skeleton, exact := makeSkeleton(nil, text); exact || len(skeleton) > limit {
			return nil, ErrNotRead
		}
	}
	tree, err := pg_query.Parse(sql)
	if err != nil {
		return nil, ErrNotRead
	}
	return tree, nil
}

// Deparse prints a tree that came from Tree, or was made of parts of such.
func Deparse(tree *pg_query.ParseResult) (string, error) { return pg_query.Deparse(tree) }
