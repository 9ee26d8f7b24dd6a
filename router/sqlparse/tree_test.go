package sqlparse

import (
	"errors"
	"strings"
	"testing"
)

func TestTree(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		ok        bool
	}{
		{"select", "SELECT id FROM users WHERE id = 42", true},
		{"many rows", "INSERT INTO t VALUES (1, 'a')" + strings.Repeat(", (2, 'bb')", 20000), true},
		{"long list", "SELECT 1 FROM t WHERE id IN (1" + strings.Repeat(", 2", 50000) + ")", true},
		{"deep", "SELECT 1" + strings.Repeat("+1", 100000), false},
		{"deep in a row", "INSERT INTO t VALUES (1" + strings.Repeat("+1", 100000) + "), (2)", false},
		{"too long", "INSERT INTO t VALUES ('" + strings.Repeat("x", maxTree) + "')", false},
		{"wrong", "SELEC 1", false},
		{"nul", "SELECT '\x00'", false},
		{"not UTF-8", "SELECT '\xff'", false},
	} {
		tree, err := Tree(c.sql)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrNotRead) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			continue
		}
		text, err := Deparse(tree)
		if err != nil || text == "" {
			t.Errorf("%s: printed %q, %v", c.name, text, err)
		}
	}
}
