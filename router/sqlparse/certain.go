package sqlparse

// certainCalls finds the calls of set_config that run exactly once when the
// statement i succeeds: those that are a whole column of a SELECT that has
// nothing but columns, so that it makes exactly one row.
func (a *analyst) certainCalls(i int) map[int]bool {
	if a.t[i].key != "SelectStmt" || a.t.text(i, "op") != "SETOP_NONE" {
		return nil
	}
	for _, c := range a.t.kids(i) {
		switch a.t[c].key {
		case "targetList", "limitOption", "op":
		default:
			return nil
		}
	}
	var calls map[int]bool
	for _, o := range a.t.kids(a.t.child(i, "targetList")) {
		target := a.t.child(o, "ResTarget")
		c := a.t.only(a.t.child(target, "val"))
		for c >= 0 && a.t[c].key == "TypeCast" {
			c = a.t.only(a.t.child(c, "arg"))
		}
		if c < 0 {
			return nil
		}
		if _, name := a.calleeOf(c); name == "set_config" {
			if calls == nil {
				calls = map[int]bool{}
			}
			calls[c] = true
			continue
		}
		if a.mayMakeRows(c) {
			return nil
		}
	}
	return calls
}

// calleeOf is callee for a node of any type.
func (a *analyst) calleeOf(i int) (schema, name string) {
	if a.t[i].key != "FuncCall" {
		return "", ""
	}
	return a.callee(i)
}

// oneRow are functions often called beside set_config. Any other might return
// a set, and an empty set means that no column is computed.
var oneRow = map[string]bool{
	"current_setting": true, "set_config": true, "version": true, "now": true, "pg_backend_pid": true,
	"current_database": true, "current_schema": true, "pg_is_in_recovery": true, "pg_current_xact_id": true,
	"txid_current": true, "clock_timestamp": true, "coalesce": true,
}

func (a *analyst) mayMakeRows(i int) bool {
	for j := i; j < a.t[i].end; j++ {
		if _, name := a.calleeOf(j); a.t[j].key == "FuncCall" && !oneRow[name] {
			return true
		}
	}
	return false
}
