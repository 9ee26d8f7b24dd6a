package sqlparse

import "strings"

// inventory collects the names in a parse tree in one pass. Its slices are
// used again for the next text.
type inventory struct {
	t    tape
	runs bool // the statement at hand runs now, and writes what it names

	relations, writes, operators, types []Name
	calls                               []Call
	fields                              []string
	ctes                                []cte

	blame  string // the first clause that was met
	opaque bool
}

// rowLocks are the locking clauses of SELECT.
var rowLocks = map[string]string{
	"LCS_FORKEYSHARE": "FOR KEY SHARE", "LCS_FORSHARE": "FOR SHARE",
	"LCS_FORNOKEYUPDATE": "FOR NO KEY UPDATE", "LCS_FORUPDATE": "FOR UPDATE",
}

// walk takes every node from i on, at any depth.
func (v *inventory) walk(i int) {
	v.ctes = v.ctes[:0]
	for j, end := i, v.t[i].end; j < end; j++ {
		if v.t[j].key == "lockedRels" { // aliases of what is in FROM
			j = v.t[j].end - 1
			continue
		}
		v.leave(j)
		if v.t[j].end > j+1 { // what has children has a meaning by its name
			v.statement(j)
			v.expression(j)
			v.relation(j)
			v.enter(j)
		} else if v.t[j].key == "op" && isSetOp(v.t[j].text) {
			v.compares()
		}
	}
}

// statement takes what writes, at whatever depth it stands.
func (v *inventory) statement(j int) {
	switch v.t[j].key {
	case "LockingClause":
		v.blameOn(rowLocks[v.t.text(j, "strength")])
	case "InsertStmt":
		v.modifies(j, "INSERT")
	case "UpdateStmt":
		v.modifies(j, "UPDATE")
	case "DeleteStmt":
		v.modifies(j, "DELETE")
	case "MergeStmt":
		v.modifies(j, "MERGE")
	case "intoClause":
		v.blameOn("SELECT INTO")
		v.creates(j)
	case "into":
		v.creates(j)
	case "RefreshMatViewStmt", "ExecuteStmt":
		v.opaque = v.opaque || v.runs
	case "CopyStmt":
		if v.t.text(j, "is_from") == "true" {
			v.write(v.t.child(j, "relation"))
		}
		v.opaque = v.opaque || v.t.text(j, "is_program") == "true"
	case "TruncateStmt":
		for _, o := range v.t.kids(v.t.child(j, "relations")) {
			v.write(v.t.only(o))
		}
		v.opaque = v.opaque || v.t.text(j, "behavior") == "DROP_CASCADE"
	}
}

// creates takes the IntoClause j. A table that is new may be more than its
// rows: event triggers run.
func (v *inventory) creates(j int) {
	v.write(v.t.child(j, "rel"))
	v.opaque = v.opaque || v.runs
}

func (v *inventory) modifies(j int, word string) {
	v.blameOn(word)
	v.write(v.t.child(j, "relation"))
}

func (v *inventory) blameOn(word string) {
	if v.blame == "" {
		v.blame = word
	}
}

// write takes the RangeVar i as written.
func (v *inventory) write(i int) {
	if v.runs && i >= 0 {
		v.writes = put(v.writes, Name{v.t.text(i, "schemaname"), v.t.text(i, "relname")})
	}
}

// relation takes node j if it is a RangeVar, which the fields of some nodes
// are without saying so. Only one in FROM can be a WITH query: the target of
// a write never is.
func (v *inventory) relation(j int) {
	switch v.t[j+1].key {
	case "catalogname", "schemaname", "relname":
	default:
		return
	}
	r := Name{v.t.text(j, "schemaname"), v.t.text(j, "relname")}
	if r.Name == "" || r.Schema == "" && v.t[j].key == "RangeVar" && v.isCTE(r.Name, j) {
		return
	}
	v.relations = put(v.relations, r)
}

// put appends one more name, unless it is the last already.
func put[T comparable](list []T, one T) []T {
	if n := len(list); n > 0 && list[n-1] == one {
		return list
	}
	return append(list, one)
}

// qualified reads a list of Strings as a name with or without a schema.
func (v *inventory) qualified(list int) (n Name, parts int) {
	if list < 0 {
		return n, 0
	}
	for c := list + 1; c < v.t[list].end; c = v.t[c].end {
		n = Name{n.Name, v.t.text(v.t.only(c), "sval")}
		parts++
	}
	return n, parts
}

// isSetOp: UNION, INTERSECT or EXCEPT.
func isSetOp(op string) bool { return strings.HasPrefix(op, "SETOP_") && op != "SETOP_NONE" }
