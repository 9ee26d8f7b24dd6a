package rewrite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/plantest"
	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/fold"
)

// fleet is one database with the tables as a whole in schema w, and cut into
// schemas s0 to s3, of which s3 is empty: one connection for each.
type fleet struct {
	t      testing.TB
	whole  *pgconn.PgConn
	shards []*pgconn.PgConn
	arrays map[uint32]uint32 // type -> its array type
	subs   []param           // what the sub-plans of the case found
}

func newFleet(t testing.TB) *fleet {
	ctx := t.Context()
	c := testpg.Start(t, testpg.Options{Name: "rewrite"})
	schema, err := os.ReadFile("../../testdata/sql/shapes_schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	// The default collation must not be that of bytes, or it proves nothing.
	if err := c.Primary.Exec(ctx, `CREATE DATABASE shapes TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'`); err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, arrays: map[uint32]uint32{}}
	setup := f.connect(c.Primary.SuperuserURL("shapes"))
	f.run(setup, `CREATE TYPE public.mood AS ENUM ('sad', 'ok', 'happy'); CREATE TYPE public.place AS (x int4, y text); CREATE SCHEMA w; SET search_path = w; SET timezone = UTC;`+string(schema))
	for i := range 4 {
		f.run(setup, fmt.Sprintf("CREATE SCHEMA s%d", i))
		for name := range tables {
			where := fmt.Sprintf("WHERE user_id %% 3 = %d", i)
			if name == "countries" {
				where = ""
			}
			f.run(setup, fmt.Sprintf("CREATE TABLE s%[1]d.%[2]s (LIKE w.%[2]s INCLUDING ALL); INSERT INTO s%[1]d.%[2]s SELECT * FROM w.%[2]s %[3]s", i, name, where))
		}
	}
	for _, r := range f.run(setup, "SELECT oid, typarray FROM pg_type WHERE typarray <> 0") {
		f.arrays[number(t, r[0])] = number(t, r[1])
	}
	join := func(schema string) *pgconn.PgConn {
		conn := f.connect(c.Primary.SuperuserURL("shapes"))
		f.run(conn, "SET search_path = "+schema+"; SET timezone = 'Asia/Tokyo'")
		return conn
	}
	f.whole = join("w")
	for i := range 4 {
		f.shards = append(f.shards, join(fmt.Sprintf("s%d", i)))
	}
	return f
}

func number(t testing.TB, text []byte) uint32 {
	v, err := strconv.ParseUint(string(text), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(v)
}

func (f *fleet) connect(url string) *pgconn.PgConn {
	conn, err := pgconn.Connect(f.t.Context(), url)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func (f *fleet) run(conn *pgconn.PgConn, sql string) [][][]byte {
	results, err := conn.Exec(f.t.Context(), sql).ReadAll()
	if err != nil {
		f.t.Fatalf("%v\n%s", err, sql)
	}
	return results[len(results)-1].Rows
}

// answer is what a client sees.
type answer struct {
	fields []pgconn.FieldDescription
	rows   [][][]byte
}

// param is one parameter with the type that it is sent as.
type param struct {
	oid    uint32
	binary bool
	value  []byte
}

// execute runs sql; formats are asked for when the columns are known.
func execute(ctx context.Context, conn *pgconn.PgConn, sql string, params []param, formats func(columns int) []int16) (answer, error) {
	oids, values, paramFormats := []uint32{}, [][]byte{}, []int16{}
	for _, p := range params {
		oids, values = append(oids, p.oid), append(values, p.value)
		paramFormats = append(paramFormats, map[bool]int16{true: 1}[p.binary])
	}
	d, err := conn.Prepare(ctx, "", sql, oids)
	if err != nil {
		return answer{}, err
	}
	r := conn.ExecPrepared(ctx, "", values, paramFormats, formats(len(d.Fields))).Read()
	return answer{d.Fields, r.Rows}, r.Err
}

func text(n int) []int16      { return make([]int16, n) }
func binaryAll(n int) []int16 { return slices.Repeat([]int16{1}, n) }

// directly runs a statement on the whole, and returns the types that
// PostgreSQL gives its parameters.
func (f *fleet) directly(c shapeCase) (answer, []uint32, error) {
	d, err := f.whole.Prepare(f.t.Context(), "", c.sql, nil)
	if err != nil {
		return answer{}, nil, err
	}
	a, err := execute(f.t.Context(), f.whole, c.sql, arguments(c, d.ParamOIDs, nil), text)
	return a, d.ParamOIDs, err
}

// arguments are a case's, all of them or those that are used.
func arguments(c shapeCase, oids []uint32, used []int) (out []param) {
	for i := range oids {
		if used == nil {
			out = append(out, argument(c, oids, i))
		}
	}
	for _, n := range used {
		out = append(out, argument(c, oids, n-1))
	}
	return out
}

func (f *fleet) legArguments(c shapeCase, oids []uint32, leg plan.Leg) []param {
	out := arguments(c, oids, append([]int{}, leg.Args...))
	for _, i := range leg.Subs {
		out = append(out, f.subs[i])
	}
	return out
}

func argument(c shapeCase, oids []uint32, i int) param {
	p := param{oid: oids[i]}
	if s, ok := c.args[i].(string); ok {
		p.value = []byte(s)
	}
	return p
}

// cut runs a plan as the proxy would.
func (f *fleet) cut(c shapeCase, r *Result, oids []uint32) (answer, error) {
	switch {
	case r.Merge != nil:
		return f.merge(c, r, oids)
	case r.Fold != nil:
		return f.fold(c, r, oids)
	}
	var arrays []param
	for _, leg := range r.Legs {
		var columns [][][]byte
		var fields []pgconn.FieldDescription
		for _, conn := range f.shards {
			sql := strings.ReplaceAll(leg.SQL, "FROM w.", "FROM ") // the schema has another name here
			a, err := execute(f.t.Context(), conn, sql, f.legArguments(c, oids, leg), binaryAll)
			if err != nil {
				return answer{}, fmt.Errorf("leg: %w", err)
			}
			fields = a.fields
			columns = append(columns, a.rows...)
		}
		for i, field := range fields {
			p, err := f.array(field.DataTypeOID, columns, i)
			if err != nil {
				return answer{}, err
			}
			arrays = append(arrays, p)
		}
	}
	a, err := execute(f.t.Context(), f.shards[1], r.Combine.SQL, append(arrays, arguments(c, oids, append([]int{}, r.Combine.Args...))...), text)
	if err != nil {
		err = fmt.Errorf("combine: %w", err)
	}
	return a, err
}

// fold has package fold put the rows together, and says what PostgreSQL says of
// the columns, if the types are those.
func (f *fleet) fold(c shapeCase, r *Result, oids []uint32) (answer, error) {
	var rows [][][]byte
	for _, conn := range f.shards {
		a, err := execute(f.t.Context(), conn, r.Legs[0].SQL, f.legArguments(c, oids, r.Legs[0]), func(int) []int16 { return plantest.FoldFormats(&r.Fold.Spec) })
		if err != nil {
			return answer{}, fmt.Errorf("leg: %w", err)
		}
		for i, field := range a.fields {
			if field.DataTypeOID != r.Fold.Columns[i].Type {
				return answer{}, fmt.Errorf("column %d of a leg has type %d, not %d", i+1, field.DataTypeOID, r.Fold.Columns[i].Type)
			}
		}
		rows = append(rows, a.rows...)
	}
	outputs := r.Fold.Outputs[:len(r.Fold.Outputs)-r.Fold.Hidden]
	fields, err := f.fieldsOf(c, oids, outputs)
	if err != nil {
		return answer{}, err
	}
	rows, err = plantest.Fold(&r.Fold.Spec, rows)
	return answer{fields, window(c, &plan.Merge{Limit: r.Fold.Limit, Offset: r.Fold.Offset}, rows)}, err
}

// fieldsOf are the columns of the case; of a sub-plan, which has no text, only
// the types.
func (f *fleet) fieldsOf(c shapeCase, oids []uint32, outputs []fold.Output) (fields []pgconn.FieldDescription, err error) {
	if c.sql == "" {
		for _, o := range outputs {
			fields = append(fields, pgconn.FieldDescription{DataTypeOID: o.Type})
		}
		return fields, nil
	}
	d, err := f.whole.Prepare(f.t.Context(), "", c.sql, oids)
	if err != nil {
		return nil, err
	}
	if len(outputs) != len(d.Fields) {
		return nil, fmt.Errorf("%d columns, not %d", len(outputs), len(d.Fields))
	}
	for i, o := range outputs {
		if o.Type != d.Fields[i].DataTypeOID {
			return nil, fmt.Errorf("column %d of the answer has type %d, not %d", i+1, o.Type, d.Fields[i].DataTypeOID)
		}
	}
	return d.Fields, nil
}

// array is a column as one binary array (array_recv of PostgreSQL's
// arrayfuncs.c).
func (f *fleet) array(oid uint32, rows [][][]byte, column int) (param, error) {
	of, ok := f.arrays[oid]
	if !ok {
		return param{}, fmt.Errorf("type %d has no array type", oid)
	}
	var b bytes.Buffer
	word := func(v int) { _ = binary.Write(&b, binary.BigEndian, int32(v)) }
	if len(rows) == 0 {
		word(0)
		word(0)
		word(int(oid))
		return param{of, true, b.Bytes()}, nil
	}
	word(1)
	word(1)
	word(int(oid))
	word(len(rows))
	word(1)
	for _, row := range rows {
		if row[column] == nil {
			word(-1)
			continue
		}
		word(len(row[column]))
		b.Write(row[column])
	}
	return param{of, true, b.Bytes()}, nil
}

// merge has PostgreSQL order the rows by their hidden columns, and checks
// that each leg was in that order already.
func (f *fleet) merge(c shapeCase, r *Result, oids []uint32) (answer, error) {
	hidden := r.Merge.Hidden
	var out answer
	var origin []int
	for i, conn := range f.shards {
		a, err := execute(f.t.Context(), conn, r.Legs[0].SQL, f.legArguments(c, oids, r.Legs[0]), func(n int) []int16 {
			return append(make([]int16, n-hidden), binaryAll(hidden)...)
		})
		if err != nil {
			return out, fmt.Errorf("leg: %w", err)
		}
		out.fields = a.fields
		out.rows = append(out.rows, a.rows...)
		for range a.rows {
			origin = append(origin, i)
		}
	}
	visible := len(out.fields) - hidden
	if hidden > 0 {
		order, err := f.order(r.Merge, out, visible)
		if err != nil {
			return out, err
		}
		sorted := [][][]byte{}
		last := map[int]int{}
		for _, at := range order {
			if before, ok := last[origin[at]]; ok && before > at {
				return out, fmt.Errorf("the leg of shard %d is not in the merge's order", origin[at])
			}
			last[origin[at]] = at
			sorted = append(sorted, out.rows[at])
		}
		out.rows = sorted
	}
	out.rows = window(c, r.Merge, out.rows)
	out.fields = out.fields[:visible]
	for i := range out.rows {
		out.rows[i] = out.rows[i][:visible]
	}
	return out, nil
}

func (f *fleet) order(m *plan.Merge, a answer, visible int) (out []int, err error) {
	var params []param
	var columns, by, marks []string
	for i, k := range m.Keys {
		field := a.fields[visible+i]
		p, err := f.array(field.DataTypeOID, a.rows, visible+i)
		if err != nil {
			return nil, err
		}
		params = append(params, p)
		marks = append(marks, fmt.Sprintf("$%d", i+1))
		columns = append(columns, fmt.Sprintf("c%d", i+1))
		key := fmt.Sprintf("c%d", i+1)
		switch field.DataTypeOID {
		case oidBool, oidInt2, oidInt4, oidInt8, oidOid, oidDate, oidTimestamp, oidTimestamptz, oidUUID, oidBytea, oidFloat4, oidFloat8, oidNumeric:
		case oidText, oidVarchar, oidBpchar, oidName:
			key += ` COLLATE "C"`
		default:
			return nil, fmt.Errorf("the merge does not know type %d", field.DataTypeOID)
		}
		if k.Desc {
			key += " DESC"
		}
		if k.NullsFirst {
			key += " NULLS FIRST"
		} else {
			key += " NULLS LAST"
		}
		by = append(by, key)
	}
	sql := "SELECT n FROM unnest(" + strings.Join(marks, ",") + ") WITH ORDINALITY AS u(" + strings.Join(columns, ",") + ",n) ORDER BY " + strings.Join(by, ",") + ",n"
	sorted, err := execute(f.t.Context(), f.whole, sql, params, text)
	for _, row := range sorted.rows {
		out = append(out, int(number(f.t, row[0]))-1)
	}
	return out, err
}

// window applies LIMIT and OFFSET.
func window(c shapeCase, m *plan.Merge, rows [][][]byte) [][][]byte {
	value := func(n plan.Count, none int64) int64 {
		switch {
		case !n.Set || n.Arg > 0 && c.args[n.Arg-1] == nil:
			return none
		case n.Arg > 0:
			v, _ := strconv.ParseInt(c.args[n.Arg-1].(string), 10, 64)
			return v
		}
		return n.Value
	}
	rows = rows[min(value(m.Offset, 0), int64(len(rows))):]
	return rows[:min(value(m.Limit, int64(len(rows))), int64(len(rows)))]
}
