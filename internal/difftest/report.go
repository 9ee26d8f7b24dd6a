package difftest

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Run is a target's outcomes.
type Run struct {
	Target string
	Shards int // 1 is not judged by the goals for many
	Gather bool
	All    []Outcome
}

// figures counts cases by their worst outcome over modes.
type figures struct{ equal, refused, wrong int }

func (f *figures) add(c Class) {
	switch c {
	case Equal:
		f.equal++
	case Refused:
		f.refused++
	default:
		f.wrong++
	}
}

func (f figures) total() int { return f.equal + f.refused + f.wrong }

func (f figures) String() string {
	return fmt.Sprintf("%3d equal %3d refused %3d wrong", f.equal, f.refused, f.wrong)
}

// tally counts a run's cases of rows that keep keeps; of a goal, without those
// that section 6 itself refuses.
func (r Run) tally(keep func(Shape) bool, goal bool) (f figures) {
	worst, seen := Worst(r.All), map[string]bool{}
	for _, o := range r.All {
		if seen[o.Case.At] || !o.Case.stands(keep) || goal && o.Case.Refuse {
			continue
		}
		seen[o.Case.At] = true
		f.add(worst[o.Case.At])
	}
	return f
}

// stands tells whether the first row that a case names, its own, is kept.
func (c Case) stands(keep func(Shape) bool) bool {
	i := slices.IndexFunc(Shapes, func(s Shape) bool { return s.Row == c.Rows[0] })
	return i >= 0 && keep(Shapes[i])
}

// Answered is the share of cases of rows that keep keeps which are equal in
// all modes.
func (r Run) Answered(keep func(Shape) bool) float64 {
	f := r.tally(keep, true)
	if f.total() == 0 {
		return 0
	}
	return float64(f.equal) / float64(f.total())
}

// PrintTable prints what became of each row of section 6, and of each target.
func PrintTable(w io.Writer, runs []Run) {
	fmt.Fprintf(w, "\nrow  tier %-54s", "shape")
	for _, gather := range []string{"without gather", "with gather"} {
		fmt.Fprintf(w, "  %-26s", gather)
	}
	fmt.Fprintln(w, "\n"+strings.Repeat("-", 120))
	for _, s := range Shapes {
		fmt.Fprintf(w, "%3s  %-4s %-54s", s.Row, s.Tier, s.Title)
		for _, gather := range []bool{false, true} {
			fmt.Fprintf(w, "  %s", rowFigures(runs, s, gather))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "\n%-34s  %-28s %-28s  %s\n", "target", "cases", "every mode by itself", "of rows that need many shards, answered")
	for _, r := range runs {
		var modes figures
		for _, o := range r.All {
			modes.add(o.Class)
		}
		all := r.tally(func(Shape) bool { return true }, false)
		fmt.Fprintf(w, "%-34s  %v  %4d %4d %4d  %5.1f %%; SELECTs %5.1f %%\n", r.Target, all,
			modes.equal, modes.refused, modes.wrong, 100*r.Answered(Shape.ManyShards), 100*r.Answered(Shape.Read))
	}
}

// rowFigures sums a row over the targets of several shards.
func rowFigures(runs []Run, s Shape, gather bool) string {
	var sum figures
	for _, r := range runs {
		if r.Shards > 1 && r.Gather == gather {
			f := r.tally(func(o Shape) bool { return o.Row == s.Row }, false)
			sum.equal, sum.refused, sum.wrong = sum.equal+f.equal, sum.refused+f.refused, sum.wrong+f.wrong
		}
	}
	if sum.total() == 0 {
		return fmt.Sprintf("%-26s", "not run")
	}
	return fmt.Sprintf("%4d = %4d refused %4d bad", sum.equal, sum.refused, sum.wrong)
}

// Complaints are lines for outcomes of a class, one for each case with the
// modes it came in.
func (r Run) Complaints(class Class) (lines []string) {
	modes, first := map[string][]string{}, []Outcome{}
	for _, o := range r.All {
		if o.Class != class {
			continue
		}
		if modes[o.Case.At] == nil {
			first = append(first, o)
		}
		modes[o.Case.At] = append(modes[o.Case.At], o.Mode.String())
	}
	for _, o := range first {
		lines = append(lines, fmt.Sprintf("%s, %s (row %s; %s): %s\n\t%s", r.Target, o.Case.At, strings.Join(o.Case.Rows, ","),
			strings.Join(modes[o.Case.At], ", "), o.Case.Steps[len(o.Case.Steps)-1].SQL, o.Why))
	}
	return lines
}
