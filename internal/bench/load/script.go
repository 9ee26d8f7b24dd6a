//go:build linux

package load

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Protocol is how statements are sent, with pgbench's names.
type Protocol string

// Query; Parse to Sync with each statement; Bind to Sync of statements that
// were parsed once per client.
const (
	Simple   Protocol = "simple"
	Extended Protocol = "extended"
	Prepared Protocol = "prepared"
)

type variable struct {
	name     string
	perScale int
}

// variables are what a script may name, drawn once per transaction from 1 to
// so many per unit of pgbench's scale; delta, as in pgbench, from a range
// around 0.
var variables = []variable{{"aid", 100_000}, {"bid", 1}, {"tid", 10}, {"delta", 0}}

const deltaRange = 5000

type draw [4]int32

// Script is what each client does over and over: the statements of one
// transaction.
type Script struct {
	scale int
	steps []step
}

// step is one statement: text around variables for the simple protocol, text
// with $n for the others.
type step struct {
	pieces []string
	args   []int // index into variables; follows the piece of the same index
	params string
}

// NewScript reads statements in which ":aid" and the like stand for variables
// of a pgbench database of that scale.
func NewScript(scale int, statements ...string) (*Script, error) {
	s := &Script{scale: scale}
	for _, text := range statements {
		st, err := newStep(text)
		if err != nil {
			return nil, err
		}
		s.steps = append(s.steps, st)
	}
	if len(s.steps) == 0 {
		return nil, fmt.Errorf("a script without statements")
	}
	return s, nil
}

// Statements is how many there are in one transaction.
func (s *Script) Statements() int { return len(s.steps) }

func newStep(text string) (step, error) {
	var st step
	var params strings.Builder
	for {
		before, rest, more := strings.Cut(text, ":")
		st.pieces = append(st.pieces, before)
		params.WriteString(before)
		if !more {
			st.params = params.String()
			return st, nil
		}
		name := rest[:len(rest)-len(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyz"))]
		at := slices.IndexFunc(variables, func(v variable) bool { return v.name == name })
		if at < 0 {
			return st, fmt.Errorf("unknown variable %q in %q", name, text)
		}
		st.args = append(st.args, at)
		params.WriteString("$" + strconv.Itoa(len(st.args)))
		text = rest[len(name):]
	}
}

func (s *Script) draw(r *rand.Rand) (d draw) {
	for i, v := range variables {
		if v.perScale == 0 {
			d[i] = int32(r.IntN(2*deltaRange+1) - deltaRange)
		} else {
			d[i] = int32(1 + r.IntN(v.perScale*s.scale))
		}
	}
	return d
}
