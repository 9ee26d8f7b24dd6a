package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong, or (Warning) merely doubtful, in a
// configuration. Line and Col count from 1, Col in characters; they are 0
// when the file could not be read at all.
type Problem struct {
	File      string
	Line, Col int
	Message   string
	Warning   bool
}

// String prints "file:line:col: message".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", p.Line, p.Col)
	}
	b.WriteString(": ")
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// maxProblems bounds a report on hostile input; nobody reads more.
const maxProblems = 200

// report collects problems while a configuration is read.
type report struct {
	problems []Problem
	failed   bool
	wrong    int // how many errors
	dropped  int
	main     string // sorts before included files
}

func (r *report) errorf(at pos, format string, args ...any) {
	r.failed = true
	r.wrong++
	r.add(at, false, fmt.Sprintf(format, args...))
}

func (r *report) warnf(at pos, format string, args ...any) {
	r.add(at, true, fmt.Sprintf(format, args...))
}

func (r *report) add(at pos, warning bool, message string) {
	if len(r.problems) >= maxProblems {
		r.dropped++
		return
	}
	r.problems = append(r.problems, Problem{at.file, at.line, at.col, message, warning})
}

// sorted returns the problems by position, those of the main file first.
func (r *report) sorted() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.File != b.File && (a.File == r.main || b.File == r.main) {
			if a.File == r.main {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	if r.dropped > 0 {
		r.problems = append(r.problems, Problem{File: r.main, Message: fmt.Sprintf("and %d more", r.dropped), Warning: !r.failed})
	}
	return r.problems
}
