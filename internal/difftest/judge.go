package difftest

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Outcome is the judgement of one case in one mode.
type Outcome struct {
	Case  Case
	Mode  Mode
	Class Class
	Why   string
}

// Judge runs cases on PostgreSQL once per mode and compares targets with what
// it saw.
type Judge struct {
	plain   *visitor
	records map[string]*record
}

// record is what the plain server did with a case.
type record struct {
	steps  []Answer
	within [][]string
	inside []Answer            // touched tables, seen from within the transaction
	after  map[string][]string // touched tables, when all is over
}

// NewJudge takes the target that is right.
func NewJudge(ctx context.Context, plain Target) *Judge {
	return &Judge{plain: &visitor{ctx: ctx, target: plain}, records: map[string]*record{}}
}

// Close ends the judge's session.
func (j *Judge) Close() { j.plain.leave() }

// Compare runs the cases in the modes on a target.
func (j *Judge) Compare(target Target, cases []Case, modes []Mode) (all []Outcome, err error) {
	v := &visitor{ctx: j.plain.ctx, target: target}
	defer v.leave()
	for _, mode := range modes {
		for _, c := range cases {
			if !mode.runs(c) {
				continue
			}
			want, err := j.record(c, mode)
			if err != nil {
				return nil, err
			}
			class, why, err := v.judge(c, mode, want)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", target.Name(), err)
			}
			all = append(all, Outcome{c, mode, class, why})
		}
	}
	return all, nil
}

// record is what PostgreSQL does with a case, run when first asked for.
func (j *Judge) record(c Case, m Mode) (*record, error) {
	key := c.At + " " + m.String()
	if r := j.records[key]; r != nil {
		return r, nil
	}
	r := &record{after: map[string][]string{}}
	_, why, err := j.plain.visit(c, m, func(what string, n int, a Answer) (Class, string) {
		if a.Lost != nil {
			return Wrong, a.Lost.Error()
		}
		switch what {
		case "step":
			r.steps = append(r.steps, a)
			var within []string
			if sql := c.Steps[n].Within; sql != "" {
				all := j.plain.session.Do(Step{SQL: sql, Args: c.Steps[n].Args}, m.Wire.unlimited())
				if len(all.Results) != 1 {
					return Wrong, "within: " + all.Err.String()
				}
				within = all.Results[0].Rows
			}
			r.within = append(r.within, within)
		case "inside":
			r.inside = append(r.inside, a)
		}
		return Equal, ""
	})
	if err == nil && why != "" {
		err = fmt.Errorf("%s on plain PostgreSQL: %s", c.At, why)
	}
	if err != nil {
		return nil, err
	}
	for _, name := range c.Touches {
		t, _ := tableNamed(name)
		if r.after[name], err = j.plain.target.Store().rows(j.plain.ctx, t); err != nil {
			return nil, err
		}
	}
	j.records[key] = r
	return r, j.plain.tidy(c)
}

// Worst is the worst class of each case over its modes.
func Worst(all []Outcome) map[string]Class {
	worst := map[string]Class{}
	for _, o := range all {
		worst[o.Case.At] = max(worst[o.Case.At], o.Class)
	}
	return worst
}

// Count is how many outcomes are of a class.
func Count(all []Outcome, class Class) (n int) {
	for _, o := range all {
		if o.Class == class {
			n++
		}
	}
	return n
}

// Select are the cases of one file and line, "reads.sql:12", or of a file; ""
// is all.
func Select(cases []Case, only string) []Case {
	if only == "" {
		return cases
	}
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool {
		return c.At != only && !strings.HasPrefix(c.At, only+":")
	})
}
