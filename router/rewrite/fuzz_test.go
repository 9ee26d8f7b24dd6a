package rewrite

import (
	"testing"

	"github.com/wyeproxy/wye/router/sqlparse"
)

// FuzzSelect: whatever the statement is, there is a plan or a refusal, the
// tree is as it was, and what runs can be read again.
func FuzzSelect(f *testing.F) {
	for _, c := range readShapes(f) {
		f.Add(c.sql)
	}
	for _, e := range certainty {
		f.Add("SELECT " + e + " FROM users u JOIN orders o USING (user_id) ORDER BY 1 LIMIT 3")
	}
	f.Fuzz(func(t *testing.T, sql string) {
		tree, err := sqlparse.Tree(sql)
		if err != nil || len(tree.Stmts) != 1 || tree.Stmts[0].Stmt.GetSelectStmt() == nil {
			return
		}
		stmt := tree.Stmts[0].Stmt.GetSelectStmt()
		before := clone(stmt)
		r, no := Select(stmt, newFlat(stmt))
		if (r == nil) == (no == nil) {
			t.Fatalf("result %v, refusal %v", r, no)
		}
		if r != nil && r.Combine != nil {
			if _, err := sqlparse.Tree(r.Combine.SQL); err != nil {
				t.Errorf("%s: %v", r.Combine.SQL, err)
			}
		}
		if r, no := gatherAll(stmt); (r == nil) == (no == nil) {
			t.Fatalf("result %v, refusal %v", r, no)
		}
		if !Same(before, stmt) {
			t.Error("the tree has changed")
		}
	})
}
