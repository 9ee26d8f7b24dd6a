package shardfunc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/wyeproxy/wye/internal/testpg"
)

// server is a real PostgreSQL, which is always right.
type server struct {
	*testing.T
	*pgx.Conn
}

func startServer(t *testing.T) server {
	c := testpg.Start(t, testpg.Options{Name: "shardfunc"})
	conn, err := pgx.Connect(t.Context(), c.Primary.SuperuserURL(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	return server{t, conn}
}

func (s server) exec(sql string) {
	s.Helper()
	if _, err := s.Exec(s.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
}

// rows runs a query whose columns are all text.
func (s server) rows(sql string, args ...any) [][]string {
	s.Helper()
	rows, err := s.Query(s.Context(), sql, args...)
	if err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	all, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]string, error) {
		fields := make([]string, len(r.FieldDescriptions()))
		into := make([]any, len(fields))
		for i := range fields {
			into[i] = &fields[i]
		}
		return fields, r.Scan(into...)
	})
	if err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	return all
}

func TestServer(t *testing.T) {
	s := startServer(t)
	for name, test := range map[string]func(server){
		"self check": selfCheck, "vectors": vectors, "hashes": hashes, "composite": composite, "oddities": oddities, "convert": convert, "assign": assign, "order": order,
	} {
		t.Run(name, func(t *testing.T) { test(server{t, s.Conn}) })
	}
}

func selfCheck(s server) {
	sql, want := SelfCheck()
	got := s.rows(sql)[0][0]
	if d := Differs(got, want); d != "" || got != want {
		s.Errorf("%s\ngot  %s\nwant %s", d, got, want)
	}
	if Differs(strings.Replace(got, "int8=", "int8=1", 1), want) == "" || Differs("", want) == "" {
		s.Error("a wrong answer passes")
	}
}

// every runs what tests do for each type.
func every(do func(t Type)) {
	for t := Int2; t <= Bytea; t++ {
		do(t)
	}
}

// hashes compares thousands of values of each type in all ways there are: the
// SQL functions, satisfies_hash_partition, text and binary.
func hashes(s server) {
	r := rand.New(rand.NewPCG(1, 2))
	every(func(t Type) {
		s.exec(fmt.Sprintf("DROP TABLE IF EXISTS h; CREATE TABLE h (k %s) PARTITION BY HASH (k)", t))
		var texts []string
		var moduli, remainders []int64
		for range 3000 {
			text := randomText(r, t)
			v, err := FromText(t, text)
			if err != nil {
				s.Fatalf("%s %q: %v", t, text, err)
			}
			m := 2 + r.Int64N(500)
			texts, moduli = append(texts, text), append(moduli, m)
			remainders = append(remainders, int64(RowHash(v)%uint64(m)))
		}
		rows := s.rows(fmt.Sprintf(`SELECT (%s)::text, (%s)::text, satisfies_hash_partition('h'::regclass, m::int, r::int, k)::text, k::text, encode(%s(k), 'hex')
			FROM (SELECT i, x::%s AS k, m, r FROM unnest($1::text[], $2::int8[], $3::int8[]) WITH ORDINALITY AS u(x, m, r, i)) q ORDER BY i`,
			HashSQL(t, "k"), SlotSQL([]Type{t}, []string{"k"}, 1024), sender(t), t), texts, moduli, remainders)
		for i, row := range rows {
			v, _ := FromText(t, texts[i])
			got := []string{fmt.Sprint(int64(Hash(v))), fmt.Sprint(RowHash(v) % 1024), "true"}
			if !slices.Equal(got, row[:3]) {
				s.Errorf("%s %q: %v, not %v", t, texts[i], got, row[:3])
			}
			if back, err := FromText(t, row[3]); err != nil && t != Bytea || err == nil && back != v {
				s.Errorf("%s %q: came back as %q: %v, %v", t, texts[i], row[3], back, err)
			}
			if bin, err := FromBinary(t, unhex(row[4])); err != nil || bin != v {
				s.Errorf("%s %q: binary %s is %v, %v", t, texts[i], row[4], bin, err)
			}
			if again, err := FromText(t, v.String()); err != nil || again != v {
				s.Errorf("%s %q: prints as %q, read as %v, %v", t, texts[i], v.String(), again, err)
			}
		}
	})
}

func sender(t Type) string {
	switch t {
	case Text, Varchar, Bpchar, Int2, Int4, Int8, Bytea:
		return t.String() + "send"
	}
	return t.String() + "_send"
}

func unhex(s string) []byte {
	v, err := FromText(Bytea, `\x`+s)
	if err != nil {
		panic(s)
	}
	return []byte(v.s)
}

// randomText is the text of a value that is certain to be read here.
func randomText(r *rand.Rand, t Type) string {
	switch t {
	case Int2, Int4, Int8:
		bits := map[Type]int{Int2: 16, Int4: 32, Int8: 64}[t]
		return fmt.Sprint(int64(r.Uint64()) >> (64 - 1 - r.IntN(bits)))
	case Text, Varchar, Bpchar:
		return randomRunes(r)
	case UUID:
		return fmt.Sprintf("%016x%016X", r.Uint64(), r.Uint64())
	case Numeric:
		return randomNumber(r)
	case Date:
		return randomDate(r)
	case Timestamp:
		return randomDate(r) + randomTime(r)
	case Timestamptz:
		return randomDate(r) + randomTime(r) + []string{"Z", "+02", "-0530", "+05:45", "-15:59"}[r.IntN(5)]
	}
	b := make([]byte, r.IntN(30))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return fmt.Sprintf(`\x%x`, b)
}

func randomRunes(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(30) {
		b.WriteRune([]rune("abcXYZ019 _-äß€😀")[r.IntN(16)])
	}
	return b.String() + strings.Repeat(" ", r.IntN(3))
}

func randomNumber(r *rand.Rand) string {
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "00123456789"[r.IntN(11)]
		}
		return string(b)
	}
	s := []string{"", "-", "+"}[r.IntN(3)] + digits(1+r.IntN(25))
	if r.IntN(2) == 0 {
		s += "." + digits(1+r.IntN(25))
	}
	if r.IntN(4) == 0 {
		s += fmt.Sprintf("e%d", r.IntN(60)-30)
	}
	if r.IntN(100) == 0 {
		s = []string{"NaN", "Infinity", "-inf"}[r.IntN(3)]
	}
	return s
}

func randomDate(r *rand.Rand) string {
	return fmt.Sprintf("%04d-%02d-%02d", 1+r.IntN(9999), 1+r.IntN(12), 1+r.IntN(28))
}

func randomTime(r *rand.Rand) string {
	s := fmt.Sprintf(" %02d:%02d:%02d", r.IntN(24), r.IntN(60), r.IntN(60))
	if r.IntN(2) == 0 {
		s += "." + fmt.Sprintf("%06d", r.IntN(1000000))[:1+r.IntN(6)]
	}
	return s
}

// composite compares keys of three columns, with NULLs among them.
func composite(s server) {
	s.exec("CREATE TABLE c (a int8, b text, c uuid) PARTITION BY HASH (a, b, c)")
	r := rand.New(rand.NewPCG(3, 4))
	types := []Type{Int8, Text, UUID}
	for range 1000 {
		vs, args := make([]Value, 3), make([]any, 3)
		full := true
		for i, t := range types {
			text := randomText(r, t)
			vs[i], _ = FromText(t, text)
			args[i] = text
			if r.IntN(6) == 0 {
				vs[i], args[i], full = Null(t), nil, false
			}
		}
		m := 2 + r.Uint64N(500)
		ok := s.rows(fmt.Sprintf(`SELECT satisfies_hash_partition('c'::regclass, %d, %d, $1::text::int8, $2::text, $3::text::uuid)::text`, m, RowHash(vs...)%m), args...)
		if ok[0][0] != "true" {
			s.Fatalf("%v: not %d of %d", vs, RowHash(vs...)%m, m)
		}
		if !full {
			continue
		}
		sql := SlotSQL(types, []string{"$1::text::int8", "$2::text", "$3::text::uuid"}, 4096)
		if got := s.rows("SELECT ("+sql+")::text", args...)[0][0]; got != fmt.Sprint(RowHash(vs...)%4096) {
			s.Fatalf("%v: slot %s, not %d", vs, got, RowHash(vs...)%4096)
		}
	}
}

// oddities are texts that may be right or wrong. What is read here must be read
// by the server, and as the same.
func oddities(s server) {
	read := 0
	every(func(t Type) {
		for _, text := range odd {
			v, err := FromText(t, text)
			if err != nil {
				continue
			}
			read++
			var got string
			row := s.QueryRow(s.Context(), fmt.Sprintf("SELECT (%s)::text FROM (SELECT $1::text::%s AS k) q", HashSQL(t, "k"), t), text)
			if err := row.Scan(&got); err != nil {
				s.Errorf("%s %q is %v here, but %v", t, text, v, err)
			} else if got != fmt.Sprint(int64(Hash(v))) {
				s.Errorf("%s %q is %v here: hash %d, not %s", t, text, v, int64(Hash(v)), got)
			}
		}
	})
	if read < 100 {
		s.Errorf("only %d texts were read", read)
	}
}

var odd = []string{
	"", " ", "0", "-0", "+0", " 7 ", "\t7\n", "007", "+7", "- 7", "--7", "7.", ".5", "-.5e1", ".", "e5", "1e5", "1E+05", "1e-05", "1e 5", "1e", "1e1001", "1e-1001", "1_000", "0x1F", "0b1", "0o17",
	"32767", "32768", "-32768", "-32769", "2147483647", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "99999999999999999999",
	"nan", "NaN", "-NaN", "inf", "INFINITY", "+inf", "-Infinity", "infinity", "-infinity", "epoch", "today", "now", "0.0000", "10000", "100000000", "0.0001", "0.00001", "12345.6789012", "1.", "1 2",
	"2024-02-29", "2023-02-29", "2024-13-01", "2024-00-10", "2024-01-00", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2024-1-1", "20240101", "2024-02-29 10:00:00", "2024-02-29T10:00:00",
	"2024-02-29 24:00:00", "2024-02-29 23:59:60", "2024-02-29 23:59:59.999999", "2024-02-29 23:59:59.9999999", "2024-02-29 10:00", "2024-02-29 10:00:00Z", "2024-02-29 10:00:00z", "2024-02-29 10:00:00 +02",
	"2024-02-29 10:00:00+02", "2024-02-29 10:00:00+0230", "2024-02-29 10:00:00-02:30", "2024-02-29 10:00:00+15:59", "2024-02-29 10:00:00+16", "2024-02-29 10:00:00+02:60", "2024-02-29 10:00:00.", "2024-02-29 10:00:00.5+00",
	"2024-02-29 BC", "0044-03-15 BC", " 2024-02-29", "2024-02-29 ", "2024-02-29 10:00:00 America/New_York", "0001-01-01 00:00:00+15",
	"8f14e45f-ceea-467a-9575-0f3b9a8d1c21", "{8f14e45f-ceea-467a-9575-0f3b9a8d1c21}", "8f14e45fceea467a95750f3b9a8d1c21", "8f14-e45f-ceea-467a-9575-0f3b-9a8d-1c21", "8f14e45f-ceea-467a-9575-0f3b9a8d1c2", "8f14e45f--ceea-467a-9575-0f3b9a8d1c21",
	"8f1-4e45fceea467a95750f3b9a8d1c21", "{8f14e45fceea467a95750f3b9a8d1c21", "8f14e45fceea467a95750f3b9a8d1c21}", " 8f14e45fceea467a95750f3b9a8d1c21", "8f14e45fceea467a95750f3b9a8d1c21-", "{}", "{",
	`\x`, `\x0`, `\xAbCd`, `\x ab cd`, `\xabc`, `\XAB`, `\\`, `\`, `a\\b`, `\000\377`, `\400`, `\08a`, `\12`, "ä", "a\u00a0", "tab\tbed",
}
