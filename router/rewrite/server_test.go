package rewrite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wyeproxy/wye/router/plan"
)

// TestShapesOnServer runs every shape both ways: equal, or refused.
func TestShapesOnServer(t *testing.T) {
	f := newFleet(t)
	equal, refused := 0, 0
	for _, c := range readShapes(t) {
		want, oids, err := f.directly(c)
		if err != nil {
			t.Errorf("directly: %v\n%s", err, c.sql)
			continue
		}
		r, no := planOf(t, c)
		if no != nil {
			refused++
			continue
		}
		if c.sub {
			f.subs = f.runSubs(c, oids)
		}
		got, err := f.cut(c, r, oids)
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, c.sql, printPlan(r, nil))
			continue
		}
		if diff := compare(c, got, want); diff != "" {
			t.Errorf("%s\n%s\n%s", diff, c.sql, printPlan(r, nil))
			continue
		}
		equal++
	}
	t.Logf("%d equal, %d refused", equal, refused)
	if equal < 150 {
		t.Errorf("only %d shapes were compared", equal)
	}
}

// runSubs runs the sub-plans of a case, and returns what they find.
func (f *fleet) runSubs(c shapeCase, oids []uint32) (out []param) {
	_, parts, _ := subplansOf(f.t, parse(f.t, c.sql))
	for _, p := range parts {
		r, no := Select(p.Select, newFlat(p.Select))
		if no != nil {
			f.t.Fatalf("%s: %+v", c.sql, no)
		}
		inner := c
		inner.sql = ""
		a, err := f.cut(inner, r, oids)
		if err != nil {
			f.t.Fatal(err)
		}
		out = append(out, f.found(p.Kind, a))
	}
	return out
}

// found is a sub-plan's answer as a parameter, as text.
func (f *fleet) found(kind plan.SubKind, a answer) param {
	switch kind {
	case plan.SubExists:
		return param{oid: oidBool, value: []byte(strconv.FormatBool(len(a.rows) > 0))}
	case plan.SubScalar:
		p := param{oid: a.fields[0].DataTypeOID}
		if len(a.rows) > 0 {
			p.value = a.rows[0][0]
		}
		return p
	}
	var elements []string
	for _, row := range a.rows {
		s := "NULL"
		if row[0] != nil {
			s = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(string(row[0])) + `"`
		}
		elements = append(elements, s)
	}
	return param{oid: f.arrays[a.fields[0].DataTypeOID], value: []byte("{" + strings.Join(elements, ",") + "}")}
}

// TestGatherOnServer moves the rows for every shape, also where there is a
// cheaper way.
func TestGatherOnServer(t *testing.T) {
	f := newFleet(t)
	equal, refused := 0, 0
	for _, c := range readShapes(t) {
		want, oids, err := f.directly(c)
		if err != nil {
			t.Errorf("directly: %v\n%s", err, c.sql)
			continue
		}
		r, no := gatherAll(parse(t, c.sql))
		if no != nil {
			refused++
			continue
		}
		got, err := f.cut(c, r, oids)
		if err != nil {
			t.Errorf("%v\n%s\n%s", err, c.sql, printPlan(r, nil))
			continue
		}
		if diff := compare(c, got, want); diff != "" {
			t.Errorf("%s\n%s\n%s", diff, c.sql, printPlan(r, nil))
			continue
		}
		equal++
	}
	t.Logf("%d equal, %d refused", equal, refused)
	if equal < 150 {
		t.Errorf("only %d shapes were compared", equal)
	}
}

func compare(c shapeCase, got, want answer) string {
	if len(got.fields) != len(want.fields) {
		return fmt.Sprintf("%d columns, want %d", len(got.fields), len(want.fields))
	}
	for i, g := range got.fields {
		w := want.fields[i]
		if g.Name != w.Name || g.DataTypeOID != w.DataTypeOID || g.TypeModifier != w.TypeModifier {
			return fmt.Sprintf("column %d is %q of type %d(%d), want %q of type %d(%d)", i+1, g.Name, g.DataTypeOID, g.TypeModifier, w.Name, w.DataTypeOID, w.TypeModifier)
		}
	}
	if c.chance {
		return ""
	}
	if c.some {
		if len(got.rows) != len(want.rows) {
			return fmt.Sprintf("%d rows, want %d", len(got.rows), len(want.rows))
		}
		return ""
	}
	g, w := printRows(c, got.rows), printRows(c, want.rows)
	if !c.ordered {
		slices.Sort(g)
		slices.Sort(w)
	}
	for i := range max(len(g), len(w)) {
		if i >= len(g) || i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("%d rows, want %d; row %d is %s, want %s", len(g), len(w), i+1, strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""), strings.Join(w[min(i, len(w)):min(i+1, len(w))], ""))
		}
	}
	return ""
}

func printRows(c shapeCase, rows [][][]byte) (out []string) {
	for _, row := range rows {
		var b strings.Builder
		for _, v := range row {
			s := string(v)
			if c.loose && strings.Contains(s, ".") {
				s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
			}
			if v, err := strconv.ParseFloat(s, 64); c.float && err == nil {
				s = strconv.FormatFloat(v+0, 'g', 12, 64)
			}
			if v == nil {
				s = "NULL"
			} else {
				s = strconv.Quote(s)
			}
			b.WriteString(s + " ")
		}
		out = append(out, b.String())
	}
	return out
}
