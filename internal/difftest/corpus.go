package difftest

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Case is one block of a corpus file: a few statements that one client sends,
// mostly one, and how to judge the answers.
type Case struct {
	At      string   // "reads.sql:12", where it stands
	Rows    []string // of sharding.md section 6 that it stands for
	Steps   []Step
	Touches []string // tables that it writes
	Undo    []string // statements for each server that take back what a restored table does not hold
	Also    []string // SQLSTATEs that are refusals too
	Alone   bool     // has transactions of its own, so is not put into one
	Only    string   // "simple" or "extended", where the other makes no sense
	Hollow  bool     // returns no row, and should not
	Refuse  bool     // section 6 refuses it over several shards, so the goals leave it out
}

// Step is one statement of a case.
type Step struct {
	SQL     string // no semicolon; parameters are $1, $2, ...
	Args    []Arg
	Copy    string // what a COPY FROM STDIN is fed
	Ordered bool   // the order of the rows is total; else they are a multiset
	Within  string // any rows of this query are right, as long as their number is
}

// Writes tells whether the case changes tables.
func (c Case) Writes() bool { return len(c.Touches) > 0 }

// Dir is testdata/difftest.
func Dir() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "testdata", "difftest")
}

// Corpus reads all files of testdata/difftest/corpus.
func Corpus() (all []Case, err error) {
	files, err := filepath.Glob(filepath.Join(Dir(), "corpus", "*.sql"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		cases, err := parseCorpus(filepath.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, cases...)
	}
	return all, nil
}

// parseCorpus splits a file into blocks at blank lines. "-- " begins prose,
// "--! " a directive: rows, touches, undo, also, alone, simple, extended,
// hollow and refuse are of the whole case; args, ordered and within of the statement that
// follows. A statement ends with a semicolon at the end of a line; the rows of
// a COPY follow, up to a line "\."; those of a binary one in hexadecimal.
func parseCorpus(file, text string) (all []Case, err error) {
	p := block{file: file}
	for n, line := range strings.Split(text, "\n") {
		if err := p.line(n+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n+1, err)
		}
		if line == "" && !p.copying && p.c.At != "" {
			if err := p.end(); err != nil {
				return nil, fmt.Errorf("%s: %w", p.c.At, err)
			}
			all = append(all, p.c)
			p = block{file: file}
		}
	}
	if p.c.At != "" {
		return nil, fmt.Errorf("%s: the last block is not followed by a blank line", p.c.At)
	}
	return all, nil
}

// block is a case as far as it was read.
type block struct {
	file    string
	c       Case
	step    Step
	sql     []string
	copying bool
}

func (p *block) line(n int, line string) error {
	switch {
	case p.copying:
		last := &p.c.Steps[len(p.c.Steps)-1]
		switch {
		case line == `\.`:
			p.copying = false
		case strings.Contains(last.SQL, "FORMAT binary"):
			b, err := hex.DecodeString(strings.ReplaceAll(line, " ", ""))
			last.Copy += string(b)
			return err
		default:
			last.Copy += line + "\n"
		}
	case strings.HasPrefix(line, "--! "):
		word, rest, _ := strings.Cut(line[4:], " ")
		return p.directive(word, strings.TrimSpace(rest))
	case line == "" || strings.HasPrefix(line, "-- "):
	default:
		if p.c.At == "" {
			p.c.At = p.file + ":" + strconv.Itoa(n)
		}
		p.sql = append(p.sql, line)
		if strings.HasSuffix(line, ";") {
			p.finishStep()
		}
	}
	return nil
}

func (p *block) finishStep() {
	p.step.SQL = strings.TrimSuffix(strings.Join(p.sql, "\n"), ";")
	p.c.Steps = append(p.c.Steps, p.step)
	upper := strings.ToUpper(p.step.SQL)
	p.copying = strings.HasPrefix(upper, "COPY ") && strings.Contains(upper, "FROM STDIN")
	p.step, p.sql = Step{}, nil
}

func (p *block) directive(word, rest string) (err error) {
	switch word {
	case "rows":
		p.c.Rows = strings.Fields(rest)
	case "touches":
		p.c.Touches = strings.Fields(rest)
	case "undo":
		p.c.Undo = append(p.c.Undo, rest)
	case "also":
		p.c.Also = strings.Fields(rest)
	case "alone":
		p.c.Alone = true
	case "simple", "extended":
		p.c.Only = word
	case "hollow":
		p.c.Hollow = true
	case "refuse":
		p.c.Refuse = true
	case "args":
		p.step.Args, err = parseArgs(rest)
	case "ordered":
		p.step.Ordered = true
	case "within":
		p.step.Within = rest
	default:
		err = fmt.Errorf("unknown directive %q", word)
	}
	return err
}

func (p *block) end() error {
	switch {
	case len(p.sql) > 0:
		return fmt.Errorf("a statement without its semicolon")
	case len(p.c.Rows) == 0:
		return fmt.Errorf("no rows of section 6 are named")
	case p.step.Args != nil || p.step.Ordered || p.step.Within != "":
		return fmt.Errorf("a directive without its statement")
	}
	for _, r := range p.c.Rows {
		if !slices.ContainsFunc(Shapes, func(s Shape) bool { return s.Row == r }) {
			return fmt.Errorf("section 6 has no row %s", r)
		}
	}
	for _, table := range p.c.Touches {
		if _, ok := tableNamed(table); !ok {
			return fmt.Errorf("no table %s", table)
		}
	}
	return nil
}
