package rewrite

import (
	"os"
	"strings"
	"testing"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
)

const (
	shapesFile = "../../testdata/sql/shapes.sql"
	goldenFile = "../../testdata/plan/rewrite/shapes.txt"
)

// shapeCase is one paragraph of shapes.sql.
type shapeCase struct {
	row                                              string
	sql                                              string
	ordered, some, loose, float, gather, chance, sub bool
	args                                             []any // text, or nil
}

func readShapes(t testing.TB) (out []shapeCase) {
	text, err := os.ReadFile(shapesFile)
	if err != nil {
		t.Fatal(err)
	}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
		head, sql, ok := strings.Cut(paragraph, "\n")
		if !strings.HasPrefix(head, "-- row ") || !ok {
			continue
		}
		c := shapeCase{sql: sql}
		head, args, _ := strings.Cut(head, ", args ")
		row, options, _ := strings.Cut(strings.TrimPrefix(head, "-- row "), ", ")
		c.row = row
		c.ordered, c.some, c.loose = strings.Contains(options, "ordered"), strings.Contains(options, "some"), strings.Contains(options, "loose")
		c.float, c.gather = strings.Contains(options, "float"), strings.Contains(options, "gather")
		c.sub = strings.Contains(options, "subplan")
		c.chance = strings.Contains(options, "chance")
		for arg := range strings.SplitSeq(args, ",") {
			switch {
			case arg == "":
			case arg == "null":
				c.args = append(c.args, nil)
			default:
				c.args = append(c.args, strings.Trim(arg, "'"))
			}
		}
		out = append(out, c)
	}
	return out
}

// planOf plans a shape as the planner of shards would: by Select, and by
// Gather where that is what is left.
func planOf(t testing.TB, c shapeCase) (*Result, *Refusal) {
	stmt := parse(t, c.sql)
	before := clone(stmt)
	var result *Result
	no := &Refusal{Clause: "a join that is not on the key", Gather: true}
	switch {
	case c.sub:
		result, _, no = subplansOf(t, stmt)
	case !c.gather:
		result, no = Select(stmt, newFlat(stmt))
	}
	if no != nil && no.Gather {
		if result, no = gatherAll(stmt); no != nil && no.Gather {
			t.Errorf("%s: gather refers to gather", c.sql)
		}
	}
	if !Same(before, stmt) {
		t.Errorf("%s: the tree has changed", c.sql)
	}
	if (result == nil) == (no == nil) {
		t.Fatalf("%s: result %v, refusal %v", c.sql, result, no)
	}
	return result, no
}

// subplansOf takes out every sub-query that reads sharded tables and names
// nothing from outside.
func subplansOf(t testing.TB, stmt *pg_query.SelectStmt) (*Result, []Part, *Refusal) {
	scope := newFlat(stmt)
	var links []*pg_query.SubLink
	Walk(stmt, func(m proto.Message) bool {
		if l, ok := m.(*pg_query.SubLink); ok && !scope.Local(l.Subselect.GetSelectStmt()) {
			links = append(links, l)
		}
		return true
	})
	rest, parts, no := Subplans(stmt, links, scope)
	if no != nil {
		return nil, nil, no
	}
	result, no := Select(rest, newFlat(rest))
	return result, parts, no
}

func parse(t testing.TB, sql string) *pg_query.SelectStmt {
	tree, err := sqlparse.Tree(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return tree.Stmts[0].Stmt.GetSelectStmt()
}

// gatherAll pulls every sharded table, all references in one.
func gatherAll(stmt *pg_query.SelectStmt) (*Result, *Refusal) {
	scope := newFlat(stmt)
	at := map[string]int{}
	var pulls []Pull
	inCTE := cteReads(stmt)
	Walk(stmt, func(m proto.Message) bool {
		r, ok := m.(*pg_query.RangeVar)
		if !ok || tables[r.Relname] == nil || r.Relname == "countries" || inCTE[r] {
			return true
		}
		if at[r.Relname] == 0 {
			schema := r.Schemaname
			pulls = append(pulls, Pull{Schema: schema, Name: r.Relname, Columns: tables[r.Relname]})
			at[r.Relname] = len(pulls)
		}
		p := &pulls[at[r.Relname]-1]
		p.Refs = append(p.Refs, r)
		return true
	})
	return Gather(stmt, scope, pulls)
}

// cteReads are the names that a WITH query hides, by the simple rule that
// those that follow it see it.
func cteReads(stmt *pg_query.SelectStmt) map[*pg_query.RangeVar]bool {
	out := map[*pg_query.RangeVar]bool{}
	hidden := map[string]bool{}
	mark := func(m proto.Message) {
		Walk(m, func(m proto.Message) bool {
			if r, ok := m.(*pg_query.RangeVar); ok && hidden[r.Relname] && r.Schemaname == "" {
				out[r] = true
			}
			return true
		})
	}
	for _, n := range stmt.GetWithClause().GetCtes() {
		mark(n.GetCommonTableExpr().Ctequery)
		hidden[n.GetCommonTableExpr().Ctename] = true
	}
	for _, n := range stmt.FromClause {
		mark(n)
	}
	return out
}

func printPlan(r *Result, no *Refusal) string {
	if no != nil {
		s := "refused  " + no.Clause
		if no.Gather {
			s += "  (gather)"
		}
		if no.Hint != "" {
			s += "\nhint     " + no.Hint
		}
		return s
	}
	s := &plan.Scatter{Legs: r.Legs, Merge: r.Merge, Fold: r.Fold, Combine: r.Combine, Why: "all rows"}
	for i := range s.Legs {
		s.Legs[i].Shards = shards.All(4)
	}
	return s.String()
}

// TestShapesGolden shows what each shape becomes; WYE_REWRITE=1 writes it anew.
func TestShapesGolden(t *testing.T) {
	var b strings.Builder
	for _, c := range readShapes(t) {
		b.WriteString("# row " + c.row + "\n" + c.sql + "\n----\n" + printPlan(planOf(t, c)) + "\n\n")
	}
	got := b.String()
	if os.Getenv("WYE_REWRITE") != "" {
		if err := os.WriteFile(goldenFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	gots, wants := strings.Split(got, "\n\n"), strings.Split(string(want), "\n\n")
	for i := range max(len(gots), len(wants)) {
		if i >= len(gots) || i >= len(wants) || gots[i] != wants[i] {
			t.Fatalf("block %d\n---- got\n%s\n---- want\n%s", i, strings.Join(gots[min(i, len(gots)):min(i+1, len(gots))], ""), strings.Join(wants[min(i, len(wants)):min(i+1, len(wants))], ""))
		}
	}
}
