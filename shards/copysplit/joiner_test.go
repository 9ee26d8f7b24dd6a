package copysplit

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// messages keeps each Write, which is one CopyData message, apart.
type messages [][]byte

func (m *messages) Write(b []byte) (int, error) {
	*m = append(*m, bytes.Clone(b))
	return len(b), nil
}

// joinAll feeds parts, in the order that next chooses, and returns what the
// client gets.
func joinAll(f Format, parts [][][]byte, next func(left []int) int) ([]byte, error) {
	j, err := NewJoiner(f, len(parts))
	if err != nil {
		return nil, err
	}
	var out []byte
	at := make([]int, len(parts))
	for {
		var left []int
		for i := range parts {
			if at[i] < len(parts[i]) {
				left = append(left, i)
			}
		}
		if len(left) == 0 {
			break
		}
		i := next(left)
		chunk := bytes.Clone(parts[i][at[i]])
		got, err := j.Write(i, chunk)
		if err != nil {
			return out, err
		}
		out = append(out, got...)
		for k := range chunk {
			chunk[k] = '?' // it may not be kept
		}
		if at[i]++; at[i] == len(parts[i]) {
			if err := j.End(i); err != nil {
				return out, err
			}
		}
	}
	return append(out, j.Trailer()...), nil
}

func first(left []int) int { return left[0] }

// chop cuts b into chunks of up to so many bytes.
func chop(r *rand.Rand, b []byte, largest int) (chunks [][]byte) {
	for len(b) > 0 {
		n := min(1+r.IntN(largest), len(b))
		chunks = append(chunks, b[:n])
		b = b[n:]
	}
	return chunks
}

// Parts that PostgreSQL writes, joined, are what it writes of the whole:
// message by message in turn, and part by part in any chunks.
func TestJoinOfWhatPostgreSQLWrites(t *testing.T) {
	s := startServer(t)
	r := rand.New(rand.NewPCG(2, 2))
	s.exec(`CREATE TABLE t ("a,""b
c" text, n int8, "\." text)`)
	var insert strings.Builder
	for i := range 100 {
		fmt.Fprintf(&insert, "INSERT INTO t VALUES (%s, %d, %s);", literal(nastyValue(r)), i, literal(nastyValue(r)))
	}
	s.exec(insert.String())
	for _, f := range forms {
		const shards = 4 // the last has no rows
		parts := make([][][]byte, shards)
		for i := range parts {
			var m messages
			sql := fmt.Sprintf("COPY (SELECT * FROM t WHERE n %% 3 = %d ORDER BY n) TO STDOUT (%s)", i, f.options)
			if _, err := s.conn.CopyTo(context.Background(), &m, sql); err != nil {
				t.Fatal(err)
			}
			parts[i] = m
		}
		want := s.copyOut("COPY (SELECT * FROM t ORDER BY n % 3, n) TO STDOUT (" + f.options + ")")
		if got, err := joinAll(f.Format, parts, first); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: part by part: %v\n got %q\nwant %q", f.options, err, got, want)
		}
		for _, largest := range []int{1, 2, 3, 50, 1 << 20} {
			var chunks [][][]byte
			for _, p := range parts {
				chunks = append(chunks, chop(r, bytes.Join(p, nil), largest))
			}
			if got, err := joinAll(f.Format, chunks, first); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: in chunks of %d: %v\n got %q\nwant %q", f.options, largest, err, got, want)
			}
		}
		got, err := joinAll(f.Format, parts, func(left []int) int { return left[r.IntN(len(left))] })
		if err != nil || !slices.Equal(sortedRows(t, f.Format, got), sortedRows(t, f.Format, want)) {
			t.Errorf("%s: in turn: %v\n got %q\nwant the rows of %q", f.options, err, got, want)
		}
	}
}

func sortedRows(t *testing.T, f Format, b []byte) []string {
	t.Helper()
	got := split(newSplitter(t, f, nil, 3), b, func() int { return len(b) })
	if got.err != nil {
		t.Fatal(got.err)
	}
	rows := []string{string(got.header)}
	for _, row := range got.rows {
		rows = append(rows, string(row))
	}
	slices.Sort(rows)
	return rows
}

func TestJoinRefuses(t *testing.T) {
	ok := string(binaryCopy("", [][]byte{[]byte("abc")})) + "\xff\xff"
	other := string(binaryCopy("x")) + "\xff\xff"
	for name, c := range map[string]struct {
		f     Format
		parts [][][]byte
		next  func([]int) int
	}{
		"other header line":   {Format{CSV: true, Header: true}, [][][]byte{{[]byte("a,b\n")}, {[]byte("a,c\n")}}, first},
		"half a header line":  {Format{CSV: true, Header: true}, [][][]byte{{[]byte("a,b")}}, first},
		"half a line":         {Format{CSV: true}, [][][]byte{{[]byte("a\nb")}}, first},
		"other binary header": {Format{Binary: true}, [][][]byte{{[]byte(ok)}, {[]byte(other)}}, first},
		"no binary header":    {Format{Binary: true}, [][][]byte{{[]byte("a,b\nand some more bytes")}}, first},
		"half a header":       {Format{Binary: true}, [][][]byte{{[]byte(ok[:binaryHead-1])}}, first},
		"no trailer":          {Format{Binary: true}, [][][]byte{{[]byte(ok[:len(ok)-2])}}, first},
		"half a trailer":      {Format{Binary: true}, [][][]byte{{[]byte(ok[:len(ok)-1])}}, first},
		"half a row":          {Format{Binary: true}, [][][]byte{{[]byte(ok[:len(ok)-3])}}, first},
		"more than all":       {Format{Binary: true}, [][][]byte{{[]byte(ok + "x")}}, first},
		"more in a chunk":     {Format{Binary: true}, [][][]byte{{[]byte(ok), []byte("x")}}, first},
		"a long header":       {Format{CSV: true, Header: true}, [][][]byte{{bytes.Repeat([]byte("a"), joinLimit+1)}}, first},
		"a negative size":     {Format{Binary: true}, [][][]byte{{[]byte(ok[:binaryHead] + "\x00\x01\xff\xff\xff\xfe")}}, first},
		"a negative count":    {Format{Binary: true}, [][][]byte{{[]byte(ok[:binaryHead] + "\xff\xfe")}}, first},
		"rows mixed up":       {Format{Binary: true}, [][][]byte{{[]byte(ok[:binaryHead+3]), []byte(ok[binaryHead+3:])}, {[]byte(ok)}}, alternate()},
		"lines mixed up":      {Format{Null: `\N`}, [][][]byte{{[]byte("a"), []byte("b\n")}, {[]byte("c\n")}}, alternate()},
	} {
		if out, err := joinAll(c.f, c.parts, c.next); err == nil {
			t.Errorf("%s: became %q", name, out)
		}
	}
}

// alternate takes the parts in turn.
func alternate() func([]int) int {
	turn := -1
	return func(left []int) int {
		turn++
		return left[turn%len(left)]
	}
}

// Any bytes in any chunks: never a panic, and chunks do not change the result.
func FuzzJoin(f *testing.F) {
	for i := range forms {
		f.Add(uint8(i), uint64(i), []byte("a,b\n1,\"\n\"\n"), []byte("a,b\n3,4\n"))
	}
	part := append(binaryCopy("", [][]byte{nil, []byte("abc")}), 0xff, 0xff)
	f.Add(uint8(6), uint64(1), part, part)
	f.Fuzz(func(t *testing.T, which uint8, seed uint64, a, b []byte) {
		format := forms[int(which)%len(forms)].Format
		r := rand.New(rand.NewPCG(seed, 0))
		whole, wholeErr := joinAll(format, [][][]byte{{a}, {b}}, first)
		parts, partsErr := joinAll(format, [][][]byte{append(chop(r, a, 5), nil), append(chop(r, b, 5), nil)}, first)
		if (wholeErr == nil) != (partsErr == nil) || wholeErr == nil && !bytes.Equal(whole, parts) {
			t.Errorf("chunks change the result:\n%q %v\n%q %v", whole, wholeErr, parts, partsErr)
		}
	})
}
