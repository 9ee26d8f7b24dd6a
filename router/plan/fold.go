package plan

import (
	"fmt"
	"strings"

	"github.com/wyeproxy/wye/shards/fold"
)

// Fold computes the answer from the rows of one leg, in the proxy: what a
// Combine would, where that is exact without a PostgreSQL.
type Fold struct {
	fold.Spec
	Limit, Offset Count
}

// String says by the leg's columns what is made of them; "as" is the column
// that the client sees for a value.
func (f *Fold) String() string {
	var outputs, keys, having, order []string
	for i := range f.Outputs[:len(f.Outputs)-f.Hidden] {
		s := f.output(i)
		if t := f.Outputs[i].Twin; t >= 0 {
			s += fmt.Sprintf(" as c%d", t+1)
		}
		outputs = append(outputs, s)
	}
	for i, c := range f.Columns {
		if c.Op == fold.Key {
			keys = append(keys, fmt.Sprintf("c%d", i+1))
		}
	}
	for _, h := range f.Having {
		having = append(having, fmt.Sprintf("%s %s %d", f.output(h.Output), h.Is, h.Than))
	}
	for _, s := range f.Order {
		order = append(order, f.output(s.Output)+" "+SortKey{s.Desc, s.NullsFirst}.words())
	}
	s := strings.Join(outputs, ", ") + listed(" group by ", keys, ", ") + listed(" having ", having, " and ") + listed(" order by ", order, ", ")
	return s + f.Limit.clause(" limit") + f.Offset.clause(" offset")
}

// output is an output's value.
func (f *Fold) output(i int) string {
	o := &f.Outputs[i]
	s := f.column(o.Column)
	if o.Counts >= 0 {
		s += " / " + f.column(o.Counts)
	}
	if o.Otherwise {
		s = fmt.Sprintf("coalesce(%s, %d)", s, o.Instead)
	}
	return s
}

func (f *Fold) column(i int) string {
	if op := f.Columns[i].Op; op != fold.Key {
		return fmt.Sprintf("%s(c%d)", op, i+1)
	}
	return fmt.Sprintf("c%d", i+1)
}

// listed is a clause, or nothing if its list is empty.
func listed(clause string, list []string, by string) string {
	if len(list) == 0 {
		return ""
	}
	return clause + strings.Join(list, by)
}
