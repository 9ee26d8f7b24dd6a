package copysplit

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// binaryCopy is a binary COPY of such rows, without a trailer.
func binaryCopy(extension string, rows ...[][]byte) []byte {
	b := append([]byte(signature), 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(extension)))
	b = append(b, extension...)
	for _, row := range rows {
		b = binary.BigEndian.AppendUint16(b, uint16(len(row)))
		for _, v := range row {
			if v == nil {
				b = append(b, 0xff, 0xff, 0xff, 0xff)
				continue
			}
			b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
			b = append(b, v...)
		}
	}
	return b
}

var binaryTrailer = []byte{0xff, 0xff}

func TestBinaryHeaderExtension(t *testing.T) {
	data := binaryCopy("extension", [][]byte{[]byte("a"), nil})
	for _, trailer := range [][]byte{nil, binaryTrailer} {
		got := split(newSplitter(t, Format{Binary: true}, []int{1, 0}, 2), slices.Concat(data, trailer), func() int { return 1 })
		if got.err != nil || string(got.header) != string(data[:binaryHead+9]) || len(got.rows) != 1 ||
			!sameValues(got.keys[0], [][]byte{nil, []byte("a")}) {
			t.Errorf("got %v", got)
		}
	}
}

// Malformed data are refused with PostgreSQL's SQLSTATE, and the error stays.
func TestSplitRefuses(t *testing.T) {
	good := binaryCopy("", [][]byte{[]byte("a"), nil})
	flags := func(b byte) []byte { c := slices.Clone(good); c[12] = b; return c }
	for name, c := range map[string]struct {
		f     Format
		input string
		says  string
	}{
		"no signature":         {Format{Binary: true}, "PGCOPX", "signature not recognized"},
		"nothing":              {Format{Binary: true}, "", "signature not recognized"},
		"half a header":        {Format{Binary: true}, string(good[:15]), "signature not recognized"},
		"oids":                 {Format{Binary: true}, string(flags(1)), "WITH OIDS"},
		"unknown flags":        {Format{Binary: true}, string(flags(2)), "critical flags"},
		"negative extension":   {Format{Binary: true}, signature + "\x00\x00\x00\x00\x80\x00\x00\x00", "missing length"},
		"half a row":           {Format{Binary: true}, string(good[:len(good)-1]), "unexpected EOF"},
		"half a count":         {Format{Binary: true}, string(good) + "\x00", "unexpected EOF"},
		"other count":          {Format{Binary: true}, string(good) + "\x00\x03", "field count is 3, expected 2"},
		"negative count":       {Format{Binary: true}, string(good) + "\xff\xfe", "field count is -2, expected 2"},
		"negative size":        {Format{Binary: true}, string(good) + "\x00\x02\xff\xff\xff\xfe", "invalid field size"},
		"more after the end":   {Format{Binary: true}, string(good) + "\xff\xff\x00", "after EOF marker"},
		"no key column":        {Format{Null: `\N`}, "a\tb\na\n", "missing data for column 2"},
		"no key column in csv": {Format{CSV: true}, "a,b\na\n", "missing data for column 2"},
		"open quote":           {Format{CSV: true}, "a,b\na,\"b\n", "unterminated CSV quoted field"},
		"marker in a line":     {Format{Null: `\N`}, "a\tb\nc\td\\.\n", "not alone on its line"},
		"corrupt marker":       {Format{Null: `\N`}, "a\tb\n\\.x\n", "marker corrupt"},
		"cut marker":           {Format{Null: `\N`}, "a\tb\n\\.", "marker corrupt"},
		"marker of \\r":        {Format{Null: `\N`}, "a\tb\n\\.\r", "previous newline style"},
		"marker elsewhere":     {oddForms[0].Format, "a,\\N\n\\\r\n\\.\n\\,\\.\\\r\n", "previous newline style"}, // to a shard that has seen no \r\n
		"cr after nl":          {Format{Null: `\N`}, "a\tb\nc\rd\te\n", "literal carriage return"},
		"crnl after nl":        {Format{CSV: true}, "a,b\nc,d\r\n", "unquoted carriage return"},
		"nl after cr":          {Format{Null: `\N`}, "a\tb\rc\td\n", "literal newline"},
		"nl after crnl":        {Format{CSV: true}, "a,b\r\nc,d\n", "unquoted newline"},
	} {
		sp := newSplitter(t, c.f, []int{1}, 2)
		got := split(sp, []byte(c.input), func() int { return 3 })
		if !wellRefused(got.err) || !strings.Contains(got.err.Error(), c.says) {
			t.Errorf("%s: %v", name, got)
		}
		sp.Write([]byte("a\tb\n"))
		if _, _, err := sp.Next(); !errors.Is(err, got.err) {
			t.Errorf("%s: after the error comes %v", name, err)
		}
	}
}

func TestErrorsNameTheRow(t *testing.T) {
	got := split(newSplitter(t, Format{CSV: true, Header: true}, []int{1}, 2), []byte("x,y\n1,2\n3,4\n5\n"), func() int { return 99 })
	var e *pgerror.Error
	if !errors.As(got.err, &e) || e.Detail != "This is row 3 of the data." {
		t.Errorf("got %v", got)
	}
}

func TestMarkerEndsData(t *testing.T) {
	for _, c := range []struct {
		f        Format
		dotIsRow bool
		input    string
		rows     int
	}{
		{Format{Null: `\N`}, false, "a\n\\.\nb\n", 1},
		{Format{Null: `\N`}, true, "a\n\\.\nb\n", 1},
		{Format{CSV: true}, false, "a\n\\.\nb\n", 1},
		{Format{CSV: true}, true, "a\n\\.\nb\n", 3},
		{Format{CSV: true}, false, "\\.x\n\"\n\\.\n\"\n\\.", 3},
		{Format{CSV: true}, false, "\\.\r\nrubbish\"\r", 0},
		{Format{CSV: true}, false, "a\r\n\\.\r\nrubbish\"\n", 1},
	} {
		for chunk := 1; chunk < 5; chunk++ {
			s := newSplitter(t, c.f, []int{0}, 1)
			s.DotIsRow = c.dotIsRow
			if got := split(s, []byte(c.input), func() int { return chunk }); got.err != nil || len(got.rows) != c.rows {
				t.Errorf("%q: %d rows wanted, got %v", c.input, c.rows, got)
			}
		}
	}
}

// The limit holds at the same byte however the bytes come.
func TestLimit(t *testing.T) {
	for _, f := range []form{forms[0], forms[3], forms[6]} {
		for _, size := range []int{9, 10, 11, 30} {
			input := []byte(strings.Repeat("x", size-1) + "\n")
			header := 0
			if f.Binary {
				input = binaryCopy("", [][]byte{make([]byte, size)})
				header = binaryHead
			}
			limit := header + 10
			for _, chunk := range []int{1, 7, 1 << 10} {
				s := newSplitter(t, f.Format, []int{0}, 1)
				s.Limit = limit
				got := split(s, input, func() int { return chunk })
				var e *pgerror.Error
				tooLong := errors.As(got.err, &e) && e.Code == pgerror.ProgramLimitExceeded
				if want := len(input)-header > limit; tooLong != want {
					t.Errorf("%s: a row of %d bytes in chunks of %d: %v", f.options, len(input)-header, chunk, got)
				}
			}
		}
	}
	s := newSplitter(t, Format{Binary: true}, nil, 1)
	s.Write([]byte(signature + "\x00\x00\x00\x00\x7f\xff\xff\xff"))
	if _, _, err := s.Next(); err == nil || err == ErrMore {
		t.Errorf("a header of 2 GiB: %v", err)
	}
}

// A long row in small chunks is looked at once and moved once; if it were
// moved with each chunk, this would take hours.
func TestLongRowInSmallChunks(t *testing.T) {
	const size, chunk = 16 << 20, 16
	for _, f := range []form{forms[0], forms[3], forms[6]} {
		s := newSplitter(t, f.Format, []int{1}, 2)
		value := bytes.Repeat([]byte("a \"\" "), size/5)
		input := slices.Concat([]byte("\"2\t,"), value, []byte("\",\t1\n"))
		if f.Binary {
			input = binaryCopy("", [][]byte{value, []byte("1")})
		}
		rows := 0
		for len(input) > 0 {
			s.Write(input[:min(chunk, len(input))])
			input = input[min(chunk, len(input)):]
			row, key, err := s.Next()
			if err == nil {
				rows++
				if len(row) < len(value) || len(key[0]) == 0 {
					t.Errorf("%s: row of %d bytes, key of %d", f.options, len(row), len(key[0]))
				}
			} else if err != ErrMore {
				t.Fatal(err)
			}
		}
		s.Write(nil)
		if _, _, err := s.Next(); err != ErrMore || rows != 1 {
			t.Errorf("%s: %d rows, then %v", f.options, rows, err)
		}
		s.Close()
		if _, _, err := s.Next(); err != io.EOF {
			t.Errorf("%s: then %v", f.options, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for name, f := range map[string]Format{
		"binary csv":         {Binary: true, CSV: true},
		"newline delimiter":  {Delimiter: '\n'},
		"letter delimiter":   {Delimiter: 'n'},
		"delimiter is quote": {CSV: true, Delimiter: '"'},
		"delimiter in null":  {CSV: true, Null: "a,"},
		"quote in null":      {CSV: true, Null: `"`},
		"newline in null":    {Null: "\n"},
		"newline quote":      {CSV: true, Quote: '\n'},
	} {
		if _, err := New(f, nil, 1); err == nil {
			t.Errorf("%s: taken", name)
		}
		if _, err := NewJoiner(f, 1); err == nil {
			t.Errorf("%s: taken by a joiner", name)
		}
	}
	for _, keys := range [][]int{{2}, {-1}, {0, 0}} {
		if _, err := New(Format{}, keys, 2); err == nil {
			t.Errorf("keys %v of 2 columns: taken", keys)
		}
	}
}

// Any bytes in any chunks: the result does not depend on the chunks, and the
// pieces together are the input.
func FuzzSplit(f *testing.F) {
	for i := range len(forms) + len(oddForms) {
		f.Add(uint8(i), uint64(i), []byte("a\tb,c;d|'e'\n\"x\"\",\n\",y\n\\.\n"))
		f.Add(uint8(i), uint64(i), []byte("\\x41\\101\\\n,\t|;\\N\r\n\\.\r\n"))
	}
	f.Add(uint8(6), uint64(1), append(binaryCopy("ext", [][]byte{nil, []byte("abc")}, [][]byte{[]byte("abc"), {}}), 0xff, 0xff))
	f.Fuzz(func(t *testing.T, which uint8, seed uint64, input []byte) {
		all := append(forms[:len(forms):len(forms)], oddForms...)
		form := all[int(which)%len(all)]
		run := func(cut func() int) (result, *Splitter) {
			s := newSplitter(t, form.Format, []int{1, 0}, 2)
			s.Limit = 200
			return split(s, bytes.Clone(input), cut), s
		}
		whole, s := run(func() int { return len(input) })
		r := rand.New(rand.NewPCG(seed, 0))
		if parts, _ := run(func() int { return 1 + r.IntN(9) }); parts.String() != whole.String() {
			t.Errorf("%s: chunks change the result:\nwhole %v\nparts %v", form.options, whole, parts)
		}
		together := append(whole.header, bytes.Join(whole.rows, nil)...)
		rest, ok := bytes.CutPrefix(input, together)
		if !ok {
			t.Errorf("%s: the rows are not the input: %v", form.options, whole)
		}
		if whole.err == nil && len(rest) > 0 && (!s.ended || form.Binary && !bytes.Equal(rest, binaryTrailer)) {
			t.Errorf("%s: %q was lost", form.options, rest)
		}
	})
}

func BenchmarkSplit(b *testing.B) {
	const rows = 1000
	var text, csv bytes.Buffer
	var tuples [][][]byte
	for i := range rows {
		fmt.Fprintf(&text, "%d\tsome text of a usual length\t2024-01-01 00:00:00+00\t\\N\tmore\n", i)
		fmt.Fprintf(&csv, "%d,some text of a usual length,2024-01-01 00:00:00+00,,\"more, quoted\"\n", i)
		tuples = append(tuples, [][]byte{binary.BigEndian.AppendUint64(nil, uint64(i)), []byte("some text of a usual length"), make([]byte, 8), nil, []byte("more")})
	}
	for name, c := range map[string]struct {
		f     Format
		input []byte
	}{
		"text": {Format{Null: `\N`}, text.Bytes()}, "csv": {Format{CSV: true}, csv.Bytes()},
		"binary": {Format{Binary: true}, binaryCopy("", tuples...)},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(c.input) / rows))
			b.ReportAllocs()
			for done := 0; done < b.N; {
				s := newSplitter(b, c.f, []int{0}, 5)
				for rest := c.input; len(rest) > 0; {
					n := min(8192, len(rest))
					s.Write(rest[:n])
					rest = rest[n:]
					for {
						_, _, err := s.Next()
						if err == ErrMore {
							break
						}
						if err != nil {
							b.Fatal(err)
						}
						done++
					}
				}
			}
		})
	}
}
