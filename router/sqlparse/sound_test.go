package sqlparse

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/pganalyze/pg_query_go/v5/parser"
)

// fragments are strung together at random: enough of the texts parse, and
// many share a skeleton.
var fragments = strings.Split("select |select |select |1|2|'a'|'b'|1.5|x'1'|b'1'|null|a|b|$1|, |, |,|(|)|(|)|[|]| in (| in (|array[|"+
	" values |values (|), (|),(| + |-|.|::int|. | from t| where | = | or | and |;|/*c*/| --c\n|'c'\n'd'|E'\\'' |e'x'|$$y$$|f(|t.in (|.values (|"+
	" union |a in (1, 2)|a in (1, 2::int)|array[1, 2]|array[]|insert into t values (1), (2)|values (1, 2), (3, 4)|\"i\"|u&\"j\"| x|case when 1 then 2 end", "|")

// TestEqualSkeletonsParseAlike: texts with one skeleton have one parse tree,
// but for literals and for repeated items.
func TestEqualSkeletonsParseAlike(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[string][2]string{} // skeleton: a text, its tree
	shared := 0
	for range 60_000 / slow {
		sql := "select "
		for range 1 + rnd.IntN(9) {
			sql += fragments[rnd.IntN(len(fragments))]
		}
		skeleton, exact := makeSkeleton(nil, []byte(sql))
		js, err := parser.ParseToJSON(sql)
		if exact || err != nil {
			continue
		}
		tree, ok := readTape(nil, js)
		if !ok {
			t.Fatalf("%q: tree not read: %s", sql, js)
		}
		is := outline(tree, 0)
		other, known := seen[string(skeleton)]
		if !known {
			seen[string(skeleton)] = [2]string{sql, is}
			continue
		}
		shared++
		if other[1] != is {
			t.Fatalf("%q\n%s\n%q\n%s\nshare %q", sql, is, other[0], other[1], skeleton)
		}
	}
	if shared < 1000/slow {
		t.Errorf("only %d pairs", shared)
	}
}

// outline prints a tree without the values of constants, without positions,
// and with neighbours that look alike printed once.
func outline(t tape, i int) string {
	n := t[i]
	switch n.key {
	case "location", "stmt_location", "stmt_len", "version":
		return ""
	case "A_Const":
		for _, kind := range []string{"sval", "bsval", "boolval", "isnull"} {
			if t.child(i, kind) >= 0 {
				return kind
			}
		}
		return "number"
	}
	var parts []string
	for _, c := range t.kids(i) {
		parts = append(parts, outline(t, c))
	}
	return n.key + ":" + n.text + "{" + strings.Join(slices.Compact(parts), " ") + "}"
}
