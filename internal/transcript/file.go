package transcript

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// File is one parsed transcript. It is not changed by playing it.
type File struct {
	Path    string
	setup   []string
	cleanup []string
	masks   []mask
	fold    string // types of messages that are counted, not listed
	hide    string // types of messages that are not printed at all
	steps   []*step
	tail    []string // comments after the last step
}

type mask struct {
	re   *regexp.Regexp
	with string
}

// step is a command, or messages and a wait; with the answers that belong to it.
type step struct {
	line    int      // of the file, 1-based
	before  []string // comments and blank lines above
	source  []string // the script lines as written
	command []token  // open, startup, dial, @, cancel, close, sleep
	send    []string // lines after "> "
	wait    *wait    // nil: by the rule in doc.go
	want    []string // "< " lines
	reason  string   // of "# through wye:"
	wye     []string // "w< " lines
}

func (s *step) silent() bool { return s.command != nil && s.command[0].text != "startup" }

// Load reads a transcript.
func Load(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if err := f.add(i+1, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	return f, nil
}

func (f *File) last() *step {
	if len(f.steps) == 0 || f.tail != nil {
		return nil
	}
	return f.steps[len(f.steps)-1]
}

func (f *File) begin(line int, source string) *step {
	s := &step{line: line, before: f.tail, source: []string{source}}
	f.tail = nil
	f.steps = append(f.steps, s)
	return s
}

func (f *File) add(n int, line string) error {
	first, rest, _ := strings.Cut(line, " ")
	last := f.last()
	switch first {
	case "<", "w<":
		return f.answer(last, first, rest)
	case ">":
		if _, err := message(rest); err != nil {
			return err
		}
		last = f.grow(last, n, line)
		last.send = append(last.send, rest)
		return nil
	case "?":
		return f.grow(last, n, line).setWait(rest)
	}
	if reason, ok := strings.CutPrefix(line, "# through wye:"); ok && last != nil {
		last.reason = reason
		return nil
	}
	return f.addCommand(n, first, rest, line)
}

// grow adds a line to the step above, or begins a new one where that is over.
func (f *File) grow(last *step, n int, line string) *step {
	if last == nil || last.send == nil || last.wait != nil || last.want != nil || last.reason != "" {
		return f.begin(n, line)
	}
	last.source = append(last.source, line)
	return last
}

func (f *File) answer(last *step, kind, rest string) error {
	switch {
	case last == nil || last.silent():
		return fmt.Errorf("an answer to nothing")
	case kind == "<":
		last.want = append(last.want, rest)
	case last.reason == "":
		return fmt.Errorf("a w< line needs `# through wye: reason` above it")
	default:
		last.wye = append(last.wye, rest)
	}
	return nil
}

func (s *step) setWait(rest string) error {
	kind, count, _ := strings.Cut(rest, " ")
	s.wait = &wait{kind: kind, count: 1}
	if count == "" {
		return nil
	}
	n, err := strconv.Atoi(count)
	s.wait.count = n
	return err
}

func (f *File) addCommand(n int, first, rest, line string) error {
	switch first {
	case "", "#":
		f.tail = append(f.tail, line)
		return nil
	case "setup":
		f.setup = append(f.setup, rest)
	case "cleanup":
		f.cleanup = append(f.cleanup, rest)
	case "fold":
		f.fold += rest
	case "hide":
		f.hide += rest
	case "mask":
		return f.addMask(rest, line)
	case "open", "startup", "dial", "cancel", "close", "sleep":
		toks, err := tokens(line)
		if err == nil && len(toks) < 2 {
			err = fmt.Errorf("%s needs a name", first)
		}
		f.begin(n, line).command = toks
		return err
	default:
		name, ok := strings.CutPrefix(first, "@")
		if !ok || rest != "" {
			return fmt.Errorf("line not understood: %s", line)
		}
		f.begin(n, line).command = []token{{kind: 'w', text: "@"}, {kind: 'w', text: name}}
		return nil
	}
	f.tail = append(f.tail, line)
	return nil
}

func (f *File) addMask(rest, line string) error {
	toks, err := tokens(rest)
	if err != nil || len(toks) != 2 {
		return fmt.Errorf("mask needs two strings: %v", err)
	}
	re, err := regexp.Compile(toks[0].text)
	f.masks = append(f.masks, mask{re, toks[1].text})
	f.tail = append(f.tail, line)
	return err
}

// Text is the file again, with got as its answers (from Play, on a plain
// PostgreSQL). The w< lines stay as they were.
func (f *File) Text(got Answers) string {
	var out strings.Builder
	put := func(prefix string, lines []string) {
		for _, l := range lines {
			fmt.Fprintln(&out, prefix+l)
		}
	}
	for i, s := range f.steps {
		put("", s.before)
		put("", s.source)
		put("< ", got[i])
		if s.reason != "" {
			fmt.Fprintln(&out, "# through wye:"+s.reason)
			put("w< ", s.wye)
		}
	}
	put("", f.tail)
	return out.String()
}
