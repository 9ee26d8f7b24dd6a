package session

import (
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
)

// arrays has each column as one parameter. Without args, one cannot be an
// array.
func (c *cargo) arrays(columns []column, first int) (args []plan.Arg, source string, err error) {
	list := []string{}
	args = []plan.Arg{}
	for i, at := range c.plan.Columns {
		col := &columns[at]
		if c.session.shards.all.Planner.ArrayOf(col.oid) == 0 {
			return nil, "", nil
		}
		a, err := col.array(c.session.shards.all.Planner)
		if err != nil {
			return nil, "", err
		}
		args = append(args, a)
		list = append(list, "unnest($"+strconv.Itoa(first+i)+") AS column"+strconv.Itoa(i+1))
	}
	if len(list) == 0 {
		return args, "(SELECT generate_series(1, " + strconv.Itoa(c.rowsOf(columns)) + "))", nil
	}
	return args, "(SELECT " + strings.Join(list, ", ") + ")", nil
}

// rowsOf counts rows of which no column is carried.
func (c *cargo) rowsOf(columns []column) int {
	if len(columns) == 0 {
		return 0
	}
	return columns[0].n
}

// maxParams is how many parameters a Bind can have.
const maxParams = 65535

// values has each value as a parameter: there are no arrays of arrays.
func (c *cargo) values(columns []column, rows, first int) ([]plan.Arg, string, error) {
	width := len(c.plan.Columns)
	if rows*width+first > maxParams {
		return nil, "", errClient{pgerror.Newf(pgerror.ProgramLimitExceeded, "more than %d values would have to be carried between shards, one of which is an array", maxParams).
			WithHint("Insert fewer rows at once.")}
	}
	rest := make([][]byte, width)
	for i, at := range c.plan.Columns {
		if columns[at].oid >= firstNormalOID && c.session.shards.all.Planner.ArrayOf(columns[at].oid) == 0 {
			_, err := columns[at].array(c.session.shards.all.Planner)
			return nil, "", err
		}
		rest[i] = columns[at].data
	}
	args := make([]plan.Arg, 0, rows*width)
	var b strings.Builder
	b.WriteString("(VALUES ")
	for row := range max(rows, 1) {
		if row > 0 {
			b.WriteString(", ")
		}
		for i, at := range c.plan.Columns {
			b.WriteString([]string{"(", ", "}[min(i, 1)])
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(first + len(args)))
			a := plan.Arg{OID: columns[at].oid, Format: 1, Null: true}
			if rows > 0 {
				var v []byte
				v, rest[i] = cutValue(rest[i])
				a.Null, a.Value = isNullValue(v), v[4:]
			}
			args = append(args, a)
		}
		b.WriteByte(')')
	}
	b.WriteByte(')')
	if rows == 0 {
		return args, "(SELECT * FROM " + b.String() + " i1 LIMIT 0)", nil
	}
	return args, b.String(), nil
}
