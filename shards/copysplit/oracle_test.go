package copysplit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/wyeproxy/wye/internal/testpg"
)

// server is a PostgreSQL that says what is right.
type server struct {
	t    *testing.T
	conn *pgconn.PgConn
}

func startServer(t *testing.T) *server {
	t.Helper()
	c := testpg.Start(t, testpg.Options{})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgconn.Connect(ctx, c.Primary.SuperuserURL(c.Database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &server{t, conn}
}

func (s *server) exec(sql string) {
	s.t.Helper()
	if _, err := s.conn.Exec(context.Background(), sql).ReadAll(); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
}

// rows are the values of a query, in text or binary, nil for NULL.
func (s *server) rows(sql string, format int16) [][][]byte {
	s.t.Helper()
	res := s.conn.ExecParams(context.Background(), sql, nil, nil, nil, []int16{format}).Read()
	if res.Err != nil {
		s.t.Fatalf("%s: %v", sql, res.Err)
	}
	return res.Rows
}

func (s *server) copyIn(sql string, input []byte) error {
	_, err := s.conn.CopyFrom(context.Background(), bytes.NewReader(input), sql)
	return err
}

func (s *server) copyOut(sql string) []byte {
	s.t.Helper()
	var b bytes.Buffer
	if _, err := s.conn.CopyTo(context.Background(), &b, sql); err != nil {
		s.t.Fatalf("%s: %v", sql, err)
	}
	return b.Bytes()
}

// result is all that a Splitter says of an input.
type result struct {
	header []byte
	rows   [][]byte
	keys   [][][]byte
	err    error
}

func (r result) String() string {
	return fmt.Sprintf("header %q rows %q keys %q error %v", r.header, r.rows, r.keys, r.err)
}

// split runs the loop that an executor runs. cut says how long the next chunk
// is. Each chunk is spoilt once it may be, and each row and key is copied at
// once, so that what is kept too long shows.
func split(s *Splitter, input []byte, cut func() int) (r result) {
	chunk := []byte(nil)
	for {
		row, key, err := s.Next()
		switch {
		case err == ErrMore && len(input) == 0:
			s.Close()
		case err == ErrMore:
			for i := range chunk {
				chunk[i] = '?'
			}
			n := min(cut(), len(input))
			chunk = bytes.Clone(input[:n])
			s.Write(chunk)
			input = input[n:]
		case err != nil:
			if err != io.EOF {
				r.err = err
			}
			r.header = bytes.Clone(s.Header())
			return r
		default:
			kept := make([][]byte, len(key))
			for i, v := range key {
				kept[i] = bytes.Clone(v)
			}
			r.rows, r.keys = append(r.rows, bytes.Clone(row)), append(r.keys, kept)
		}
	}
}

func newSplitter(t testing.TB, f Format, keys []int, columns int) *Splitter {
	t.Helper()
	s, err := New(f, keys, columns)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sameValues(a, b [][]byte) bool {
	return slices.EqualFunc(a, b, func(x, y []byte) bool { return (x == nil) == (y == nil) && bytes.Equal(x, y) })
}

type form struct {
	options string
	Format
}

// forms are ways to write COPY, and the same as a Format.
var forms = []form{
	{"FORMAT text", Format{Null: `\N`}},
	{`FORMAT text, DELIMITER '|', NULL ''`, Format{Delimiter: '|'}},
	{`FORMAT text, DELIMITER ',', NULL 'nix', HEADER`, Format{Delimiter: ',', Null: "nix", Header: true}},
	{"FORMAT csv", Format{CSV: true}},
	{"FORMAT csv, HEADER", Format{CSV: true, Header: true}},
	{`FORMAT csv, DELIMITER ';', QUOTE '''', ESCAPE '\', NULL 'nix'`, Format{CSV: true, Delimiter: ';', Quote: '\'', Esc: '\\', Null: "nix"}},
	{"FORMAT binary", Format{Binary: true}},
}

// oddForms are ways that PostgreSQL can read and cannot always write.
var oddForms = []form{
	{`FORMAT csv, QUOTE '\', ESCAPE 'x', NULL 'N'`, Format{CSV: true, Quote: '\\', Esc: 'x', Null: "N"}},
	{"FORMAT csv, FORCE_NULL (a), FORCE_NOT_NULL (b)", Format{CSV: true, ForceNull: []int{0}, ForceNotNul: []int{1}}},
	{`FORMAT csv, NULL 'nix', FORCE_NULL (a, b), FORCE_NOT_NULL (a)`, Format{CSV: true, Null: "nix", ForceNull: []int{0, 1}, ForceNotNul: []int{0}}},
}

// nastyWords go into values. Those of the options above are among them.
var nastyWords = []string{"", "a", "\t", "\n", "\r", "\r\n", "\\", `\N`, `\.`, "\n\\.\n", `"`, `""`, ",", ";", "|", "'", "x", "nix", " ", "é", "😀",
	"\b\f\v", "\x01", `\x41`, `\101`, "N", ".", "b"}

func nastyValue(r *rand.Rand) any {
	if r.IntN(8) == 0 {
		return nil
	}
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(nastyWords[r.IntN(len(nastyWords))])
	}
	return b.String()
}

// What PostgreSQL writes is cut into its rows, whatever the chunks, and the
// keys are what SELECT says.
func TestSplitOfWhatPostgreSQLWrites(t *testing.T) {
	s := startServer(t)
	r := rand.New(rand.NewPCG(1, 1))
	s.exec(`CREATE TABLE "nasty ""name""" ("a,""b
c" text, n int8, "\." text, d text)`)
	var insert strings.Builder
	for i := range 400 {
		fmt.Fprintf(&insert, `INSERT INTO "nasty ""name""" VALUES (%s, %d, %s, %s);`, literal(nastyValue(r)), i, literal(nastyValue(r)), literal(nastyValue(r)))
	}
	s.exec(insert.String())
	for _, f := range forms {
		out := s.copyOut(`COPY (SELECT * FROM "nasty ""name""" ORDER BY n) TO STDOUT (` + f.options + ")")
		format := int16(0)
		if f.Binary {
			format = 1
		}
		want := s.rows(`SELECT d, "a,""b
c", n FROM "nasty ""name""" ORDER BY n`, format)
		for _, largest := range []int{1, 2, 7, 100, 1 << 20} {
			sp := newSplitter(t, f.Format, []int{3, 0, 1}, 4)
			got := split(sp, out, func() int { return 1 + r.IntN(largest) })
			if got.err != nil || len(got.rows) != len(want) {
				t.Fatalf("%s: %d rows of %d: %v", f.options, len(got.rows), len(want), got.err)
			}
			for i := range want {
				for j, v := range want[i] {
					if !f.CSV && !f.Binary && f.Null != `\N` && v != nil && string(v) == f.Null {
						want[i][j] = nil // text does not tell them apart, unless it is \N
					}
				}
				if !sameValues(got.keys[i], want[i]) {
					t.Fatalf("%s: key of %q is %q, want %q", f.options, got.rows[i], got.keys[i], want[i])
				}
			}
			whole := slices.Concat(got.header, bytes.Join(got.rows, nil), sp.Trailer())
			if !bytes.Equal(whole, out) {
				t.Fatalf("%s: the rows together are not the input", f.options)
			}
		}
	}
}

func literal(v any) string {
	if v == nil {
		return "NULL"
	}
	return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(v.(string)) + "'"
}
