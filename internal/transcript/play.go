package transcript

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
)

// Target is where a file is played.
type Target struct {
	Addr  string // host:port the conversation is held with
	Setup string // host:port of the PostgreSQL behind it; Addr when empty
	Wye   bool   // Addr is a wye: its w< lines count
}

// Answers are the printed answers of one playing, one list per step.
type Answers [][]string

// Play holds the conversation of f with target and returns what was said. The
// error is about the playing (no connection, a hang), never about an answer
// that differs. Files may be played at the same time as long as their setup
// lines do not meet.
func Play(f *File, target Target) (got Answers, err error) {
	p := &player{file: f, target: target, conns: map[string]*conn{}}
	if target.Setup == "" {
		p.target.Setup = target.Addr
	}
	defer p.dropAll()
	if err := execute(p.target.Setup, f.setup); err != nil {
		return nil, fmt.Errorf("setup: %w", err)
	}
	defer func() {
		if cerr := execute(p.target.Setup, f.cleanup); err == nil && cerr != nil {
			err = fmt.Errorf("cleanup: %w", cerr)
		}
	}()
	for _, s := range f.steps {
		lines, err := p.step(s)
		got = append(got, lines)
		if err != nil {
			return got, fmt.Errorf("line %d: %s: %w (so far: %s)", s.line, s.source[0], err, strings.Join(lines, " | "))
		}
	}
	return got, p.leave()
}

type player struct {
	file    *File
	target  Target
	conns   map[string]*conn
	current string
}

func (p *player) dropAll() {
	for _, c := range p.conns {
		c.drop()
	}
}

func (p *player) step(s *step) ([]string, error) {
	if s.command != nil {
		return p.command(s.command[0].text, s.command[1].text, s.command[2:])
	}
	c := p.conns[p.current]
	if c == nil {
		return nil, fmt.Errorf("no connection is open")
	}
	w, err := p.sendAll(c, s)
	defer w.Wait()
	if err != nil {
		return nil, err
	}
	var lines []string
	if request := s.lastSent(); request == "ssl" || request == "gss" {
		line, ok := c.firstByte()
		if ok {
			return []string{line}, nil
		}
	}
	until := s.until()
	messages, err := c.read(until)
	lines = append(lines, p.print(messages)...)
	if c.closed && until.kind != "none" {
		lines = append(lines, "closed")
	}
	return lines, err
}

func (s *step) lastSent() string {
	if len(s.send) == 0 {
		return ""
	}
	return s.send[len(s.send)-1]
}

// sendAll writes beside the reading: a server that answers while we still
// write must not block us both.
func (p *player) sendAll(c *conn, s *step) (*sync.WaitGroup, error) {
	var out []byte
	wg := &sync.WaitGroup{}
	for _, line := range s.send {
		b, err := message(line)
		if err != nil {
			return wg, err
		}
		out = append(out, b...)
	}
	if len(out) > 0 {
		wg.Go(func() { _, _ = c.net.Write(out) }) // an error shows as a close on the reading side
	}
	return wg, nil
}

// until is the end of an answer: written, or by the rule in doc.go.
func (s *step) until() wait {
	if s.wait != nil {
		return *s.wait
	}
	n := 0
	for _, line := range s.send {
		count := 1
		if strings.HasPrefix(line, "*") {
			_, _ = fmt.Sscanf(line, "*%d", &count)
			_, line, _ = strings.Cut(line, " ")
		}
		switch kind, _, _ := strings.Cut(line, " "); kind {
		case "Q", "S", "F", "startup":
			n += count
		case "X":
			return wait{"closed", 1}
		}
	}
	if n == 0 {
		return wait{"quiet", 1}
	}
	return wait{"Z", n}
}

func (p *player) print(messages []received) []string {
	var out []string
	messages = slices.DeleteFunc(messages, func(m received) bool { return strings.ContainsRune(p.file.hide, rune(m.typ)) })
	for i := 0; i < len(messages); i++ {
		m := messages[i]
		if !strings.ContainsRune(p.file.fold, rune(m.typ)) {
			out = append(out, p.masked(printed(m.typ, m.body)))
			continue
		}
		n, sum := 0, uint32(0)
		for ; i < len(messages) && messages[i].typ == m.typ; i++ {
			n, sum = n+1, crc32.Update(sum, crc32.IEEETable, messages[i].body)
		}
		i--
		out = append(out, fmt.Sprintf("%c times %d crc=%08x", m.typ, n, sum))
	}
	sortParameters(out)
	return out
}

func (p *player) masked(line string) string {
	for _, m := range p.file.masks {
		line = m.re.ReplaceAllString(line, m.with)
	}
	return line
}

// sortParameters orders each run of ParameterStatus: PostgreSQL sends them as
// its hash table lies, and no client may depend on it.
func sortParameters(lines []string) {
	for i := 0; i < len(lines); i++ {
		j := i
		for j < len(lines) && strings.HasPrefix(lines[j], "S ") {
			j++
		}
		slices.Sort(lines[i:j])
		i = max(i, j-1)
	}
}

// leave ends every connection and demands that nothing was left unread.
func (p *player) leave() error {
	for name, c := range p.conns {
		if c.closed {
			continue
		}
		_, _ = c.net.Write(frame('X', nil))
		left, err := c.read(wait{"closed", 1})
		if err != nil || len(left) > 0 {
			return fmt.Errorf("at the end of @%s: unread %q, %v", name, p.print(left), err)
		}
	}
	return nil
}
