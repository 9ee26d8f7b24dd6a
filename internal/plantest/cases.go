package plantest

import (
	"path/filepath"
	"strings"
)

// Case is one block of a *.txt file: what is asked of the router, and the
// plan that it gives.
type Case struct {
	File    string
	Options string // "route" with session facts, or "verdict"
	SQL     string
	Want    string
}

// Cases are those of all *.txt files.
func Cases() (all []Case, err error) {
	files, err := filepath.Glob(filepath.Join(Dir(), "*.txt"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := Read(filepath.Base(file))
		if err != nil {
			return nil, err
		}
		for block := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
			for strings.HasPrefix(block, "#") {
				_, block, _ = strings.Cut(block, "\n")
			}
			options, rest, _ := strings.Cut(block, "\n")
			sql, want, found := strings.Cut(rest, "\n----")
			if found {
				all = append(all, Case{filepath.Base(file), options, sql, strings.TrimPrefix(want, "\n")})
			}
		}
	}
	return all, nil
}
