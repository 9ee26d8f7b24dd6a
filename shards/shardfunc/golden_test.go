package shardfunc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// goldens holds what a real PostgreSQL said: type, text, hash with Seed, and the
// remainder of the row hash by 1024. TestServer asks again, and WYE_REWRITE=1
// rewrites it.
const goldens = "../../testdata/hash/vectors.txt"

// TestGoldens needs no server.
func TestGoldens(t *testing.T) {
	src, err := os.ReadFile(goldens)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(src)), "\n")
	for _, line := range lines {
		f := strings.Split(line, "\t")
		typ, ok := ParseType(f[0])
		text, err := strconv.Unquote(f[1])
		if !ok || err != nil || len(f) != 4 {
			t.Fatalf("a line that is none: %q", line)
		}
		v, err := FromText(typ, text)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		} else if got := golden(typ, text, int64(Hash(v)), RowHash(v)%1024); got != line {
			t.Errorf("%s, not %s", got, line)
		}
	}
	if len(lines) < 50 {
		t.Errorf("only %d vectors", len(lines))
	}
}

func golden(t Type, text string, hash int64, rest uint64) string {
	return fmt.Sprintf("%s\t%s\t%d\t%d", t, strconv.QuoteToASCII(text), hash, rest)
}

// vectors compares the goldens with the server.
func vectors(s server) {
	more := map[Type][]string{
		Int8:    {"1", "42", "-1", "1099511627776", "-1099511627776"},
		Text:    {"tenant_a", "twelve bytes", "thirteen byte", "a text that is longer than two blocks", "\U0001F600"},
		Numeric: {"0.0001", "10000", "-10000.0001", "123456789012345678901234567890.123456789"},
		Bytea:   {`\x00`, `\x000102030405060708090a0b0c0d0e0f`},
	}
	var b strings.Builder
	every(func(t Type) {
		for _, text := range append(samples[t], more[t]...) {
			row := s.rows(fmt.Sprintf("SELECT (%s)::text, (%s)::text FROM (SELECT $1::text::%s AS k) q",
				HashSQL(t, "k"), SlotSQL([]Type{t}, []string{"k"}, 1024), t), text)[0]
			hash, err1 := strconv.ParseInt(row[0], 10, 64)
			rest, err2 := strconv.ParseUint(row[1], 10, 64)
			if err1 != nil || err2 != nil {
				s.Fatal(row)
			}
			b.WriteString(golden(t, text, hash, rest) + "\n")
		}
	})
	if os.Getenv("WYE_REWRITE") == "1" {
		if err := os.WriteFile(goldens, []byte(b.String()), 0o644); err != nil {
			s.Fatal(err)
		}
	}
	if src, err := os.ReadFile(goldens); err != nil || string(src) != b.String() {
		s.Errorf("%s is not what the server says: %v", goldens, err)
	}
}
