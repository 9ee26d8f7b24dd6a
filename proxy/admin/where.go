package admin

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/stats"
)

// undefinedColumn is errcodes.txt's undefined_column.
const undefinedColumn = "42703"

// clauses reads WHERE, ORDER BY and LIMIT after a view and wraps the plan with
// what they ask for. All of it works on the finished table.
func (a *args) clauses(p *plan) error {
	var steps []func([][]stats.Cell) [][]stats.Cell
	if a.take("where") {
		for more := true; more; more = a.take("and") {
			keep, err := a.condition(p.columns)
			if err != nil {
				return err
			}
			steps = append(steps, func(rows [][]stats.Cell) [][]stats.Cell {
				return slices.DeleteFunc(rows, func(r []stats.Cell) bool { return !keep(r) })
			})
		}
	}
	if a.take("order") {
		order, err := a.order(p.columns)
		if err != nil {
			return err
		}
		steps = append(steps, func(rows [][]stats.Cell) [][]stats.Cell {
			slices.SortStableFunc(rows, order)
			return rows
		})
	}
	if a.take("limit") {
		n, err := a.limit()
		if err != nil {
			return err
		}
		steps = append(steps, func(rows [][]stats.Cell) [][]stats.Cell { return rows[:min(n, len(rows))] })
	}
	inner := p.run
	p.run = func(ctx context.Context, s *session) (answer, error) {
		ans, err := inner(ctx, s)
		for _, step := range steps {
			ans.rows = step(ans.rows)
		}
		return ans, err
	}
	return nil
}

// condition reads "column op value". NULL matches nothing, as in SQL.
func (a *args) condition(columns []stats.Column) (func([]stats.Cell) bool, error) {
	i, err := a.column(columns)
	if err != nil {
		return nil, err
	}
	holds, ok := a.operator()
	if !ok {
		return nil, a.unexpected()
	}
	if len(a.rest) == 0 || a.rest[0].kind != str && a.rest[0].kind != word {
		return nil, a.unexpected()
	}
	value := stats.Cell{Text: a.rest[0].text}
	if columns[i].Type != stats.Text {
		if _, err := strconv.ParseInt(value.Text, 10, 64); err != nil {
			return nil, pgerror.Newf(pgerror.InvalidParameterValue, "invalid input for column %q: %q is not an integer",
				columns[i].Name, shorten(value.Text))
		}
	}
	a.rest = a.rest[1:]
	compare := comparer(columns[i].Type)
	return func(row []stats.Cell) bool { return !row[i].Null && holds(compare(row[i], value)) }, nil
}

func (a *args) operator() (func(int) bool, bool) {
	switch {
	case a.take("="):
		return func(c int) bool { return c == 0 }, true
	case a.take("<>"), a.take("!="):
		return func(c int) bool { return c != 0 }, true
	case a.take("<="):
		return func(c int) bool { return c <= 0 }, true
	case a.take(">="):
		return func(c int) bool { return c >= 0 }, true
	case a.take("<"):
		return func(c int) bool { return c < 0 }, true
	case a.take(">"):
		return func(c int) bool { return c > 0 }, true
	}
	return nil, false
}

// order reads "BY column [ASC|DESC], ...". NULLs come last ascending, as in
// PostgreSQL.
func (a *args) order(columns []stats.Column) (func(x, y []stats.Cell) int, error) {
	if !a.take("by") {
		return nil, a.unexpected()
	}
	var keys []func(x, y []stats.Cell) int
	for more := true; more; more = a.take(",") {
		i, err := a.column(columns)
		if err != nil {
			return nil, err
		}
		compare, sign := comparer(columns[i].Type), 1
		if a.take("desc") {
			sign = -1
		} else {
			a.take("asc")
		}
		keys = append(keys, func(x, y []stats.Cell) int { return sign * compare(x[i], y[i]) })
	}
	return func(x, y []stats.Cell) int {
		for _, key := range keys {
			if c := key(x, y); c != 0 {
				return c
			}
		}
		return 0
	}, nil
}

func (a *args) limit() (int, error) {
	if len(a.rest) == 0 {
		return 0, a.unexpected()
	}
	n, err := strconv.ParseUint(a.rest[0].text, 10, 31)
	if err != nil {
		return 0, a.unexpected()
	}
	a.rest = a.rest[1:]
	return int(n), nil
}

func (a *args) column(columns []stats.Column) (int, error) {
	name, ok := a.name()
	if !ok {
		return 0, a.unexpected()
	}
	for i, c := range columns {
		if strings.EqualFold(c.Name, name.text) {
			return i, nil
		}
	}
	return 0, pgerror.Newf(undefinedColumn, "column %q does not exist", shorten(name.text))
}

// comparer orders cells of a type: numbers as numbers, everything else by its
// bytes, NULL after all.
func comparer(typ stats.Type) func(a, b stats.Cell) int {
	return func(a, b stats.Cell) int {
		switch {
		case a.Null || b.Null:
			return cmp.Compare(boolInt(a.Null), boolInt(b.Null))
		case typ == stats.Text:
			return cmp.Compare(a.Text, b.Text)
		}
		x, _ := strconv.ParseInt(a.Text, 10, 64)
		y, _ := strconv.ParseInt(b.Text, 10, 64)
		return cmp.Compare(x, y)
	}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
