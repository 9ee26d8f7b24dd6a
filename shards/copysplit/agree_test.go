package copysplit

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// alphabets of inputs that nobody would write, per form.
func alphabet(f Format) []string {
	letters := []string{"a", "\n", "\n", "\n", "\\", ".", "\r", "\r\n", "\\.", "\\.\n", "\\.\r\n", "\\\n", "x4", "1", "7", "N", "é", `\101`, `\0101`, `\x41g`, `\xg`, `\t\b`}
	f, _ = f.withDefaults()
	for range 3 {
		letters = append(letters, string(rune(f.Delimiter)), f.Null)
	}
	if f.CSV {
		q := string(rune(f.Quote))
		letters = append(letters, q+f.Null+q, q+f.Null+q, q, q, q+q, string(rune(f.Esc)), string(rune(f.Esc))+q)
	}
	return letters
}

// On any input PostgreSQL and the Splitter are of one mind: what one
// PostgreSQL takes, two take that get alternate rows, and they have the same
// rows then; what it refuses, the Splitter or one of them refuses.
// WYE_COPY_ROUNDS is for a longer look; each number is another seed.
func TestSplitAgreesWithPostgreSQL(t *testing.T) {
	s := startServer(t)
	for _, table := range []string{"one", "s0", "s1"} {
		s.exec("CREATE TEMP TABLE " + table + " (id serial, a text, b text)")
	}
	taken, refused, rounds := 0, 0, 1000
	if n, err := strconv.Atoi(os.Getenv("WYE_COPY_ROUNDS")); err == nil {
		rounds = n
	}
	r := rand.New(rand.NewPCG(7, uint64(rounds)))
	list := append(forms[:6:6], oddForms...)
	for _, f := range oddForms[1:] { // too rare by chance
		if !s.compare(f.options, f.Format, 2, []byte("\"nix\",\"nix\"\nnix,nix\n\"\",\"\"\n,\n"), func() int { return 3 }) {
			t.Errorf("%s: refused", f.options)
		}
	}
	for round := range rounds {
		f := list[round%len(list)]
		columns := 2
		if r.IntN(3) == 0 && f.ForceNull == nil {
			columns = 1
		}
		letters := alphabet(f.Format)
		var input []byte
		for range r.IntN(14) {
			if columns == 2 && r.IntN(3) > 0 { // give it a chance
				d, _ := f.withDefaults()
				input = append(input, letters[r.IntN(len(letters))]+string(rune(d.Delimiter))+letters[r.IntN(len(letters))]+"\n"...)
				continue
			}
			input = append(input, letters[r.IntN(len(letters))]...)
		}
		if r.IntN(4) == 0 {
			input = bytes.ReplaceAll(input, []byte("\n"), []byte("\r\n"))
		}
		ok := s.compare(f.options, f.Format, columns, input, func() int { return 1 + r.IntN(5) })
		if ok {
			taken++
		} else {
			refused++
		}
	}
	t.Logf("PostgreSQL took %d inputs and refused %d", taken, refused)
	if taken < rounds/8 || refused < rounds/8 {
		t.Errorf("the inputs are one-sided: %d taken, %d refused", taken, refused)
	}
}

// compare reports whether PostgreSQL took the input.
func (s *server) compare(options string, f Format, columns int, input []byte, cut func() int) bool {
	s.t.Helper()
	key, list := []int{0, 1}, "a, b"
	if columns == 1 {
		key, list = []int{0}, "a"
	}
	load := func(table string, data []byte) ([][][]byte, error) {
		s.exec("DELETE FROM " + table)
		err := s.copyIn("COPY "+table+" ("+list+") FROM STDIN ("+options+")", data)
		return s.rows("SELECT "+list+" FROM "+table+" ORDER BY id", 0), err
	}
	want, wholeErr := load("one", input)
	sp := newSplitter(s.t, f, key, columns)
	got := split(sp, input, cut)
	describe := func() string {
		return fmt.Sprintf("%s, %d columns, input %q:\n PostgreSQL %q %v\n we %v", options, columns, input, want, wholeErr, got)
	}
	if got.err != nil {
		if !wellRefused(got.err) {
			s.t.Fatalf("odd refusal: %s", describe())
		}
		if wholeErr == nil && !refusedMore(f, got.err) {
			s.t.Fatalf("refused: %s", describe())
		}
		return wholeErr == nil
	}
	if wholeErr == nil && !slices.EqualFunc(got.keys, want, sameValues) {
		s.t.Fatalf("keys differ: %s", describe())
	}
	var shardErr error
	var shards [2][][][]byte
	for i := range shards {
		part := bytes.Clone(got.header)
		for j := i; j < len(got.rows); j += 2 {
			part = append(part, got.rows[j]...)
		}
		part = append(part, sp.Trailer()...)
		var err error
		shards[i], err = load(fmt.Sprintf("s%d", i), part)
		shardErr = errors.Join(shardErr, err)
	}
	if (shardErr == nil) != (wholeErr == nil) {
		s.t.Fatalf("shards say %v: %s", shardErr, describe())
	}
	if wholeErr != nil {
		return false
	}
	for i := range want {
		if i/2 >= len(shards[i%2]) || !sameValues(shards[i%2][i/2], want[i]) {
			s.t.Fatalf("shards have other rows, %q: %s", shards, describe())
		}
	}
	return true
}

func wellRefused(err error) bool {
	var e *pgerror.Error
	return errors.As(err, &e) && (e.Code == badCopyFileFormat || e.Code == pgerror.ProgramLimitExceeded)
}

// refusedMore is what is refused here and not by PostgreSQL 15: end markers
// that its versions or two shards would read differently, and half a number
// of fields at the end of binary data, which PostgreSQL overlooks.
func refusedMore(f Format, err error) bool {
	if f.Binary {
		return strings.Contains(err.Error(), "unexpected EOF")
	}
	return strings.Contains(err.Error(), "end-of-copy marker")
}

// The same for binary data that are cut off anywhere or have a few bytes
// changed.
func TestBinarySplitAgreesWithPostgreSQL(t *testing.T) {
	s := startServer(t)
	for _, table := range []string{"one", "s0", "s1"} {
		s.exec("CREATE TEMP TABLE " + table + " (id serial, a text, b text)")
	}
	whole := append(binaryCopy("", [][]byte{[]byte("a"), nil}, [][]byte{{}, []byte("bc")}, [][]byte{nil, []byte("d")}), binaryTrailer...)
	r := rand.New(rand.NewPCG(8, 8))
	taken := 0
	for i := range 3 * len(whole) {
		input := bytes.Clone(whole)
		if i <= len(whole) {
			input = input[:i]
		} else {
			for range 1 + r.IntN(2) {
				input[r.IntN(len(input))] = []byte{0, 1, 2, 0x7f, 0x80, 0xff, 'x'}[r.IntN(7)]
			}
		}
		if s.compare("FORMAT binary", Format{Binary: true}, 2, input, func() int { return 1 + r.IntN(9) }) {
			taken++
		}
	}
	if taken < 10 {
		t.Errorf("PostgreSQL took only %d inputs", taken)
	}
}
