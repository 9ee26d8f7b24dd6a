package sqlparse

import "strings"

// facts reads the whole tree for what it touches; parts are what analyze made
// of the same tree.
func (a *analyst) facts(v *inventory, parts []Part) *Facts {
	stmts := a.t.kids(a.t.child(0, "stmts"))
	v.reset(a.t)
	var f Facts
	for n, s := range stmts {
		i := a.t.only(a.t.child(s, "stmt"))
		if i < 0 {
			f.Blame, f.Opaque = "unknown", true
			continue
		}
		a.touch(v, &f, i, parts[min(n, len(parts)-1)])
		a.mode(i, &f.Mode, len(stmts) == 1)
	}
	if len(stmts) > 1 {
		f.Blame = "several statements"
	}
	f.Hint = readHint(a.sql)
	v.pack(&f)
	return &f
}

// touch adds what statement i touches.
func (a *analyst) touch(v *inventory, f *Facts, i int, p Part) {
	f.Blame = a.blame(i)
	v.blame, v.opaque, v.runs = "", false, true
	switch a.t[i].key {
	case "ExplainStmt":
		v.runs = a.explainRuns(i)
	case "PrepareStmt", "DeclareCursorStmt":
		v.runs = false
	}
	v.walk(i)
	if f.Blame == "" {
		f.Blame = v.blame
	}
	if f.Blame == "" && len(p.Effects) > 0 {
		f.Blame = p.Effects[0].blame()
	}
	f.Opaque = f.Opaque || v.opaque || a.opaque(i)
}

// opaque: statement i may write what it does not name.
func (a *analyst) opaque(i int) bool {
	if a.t[i].key == "TruncateStmt" {
		return false // its CASCADE counts in inventory
	}
	switch a.kind(i) {
	case KindDDL, KindUtility, KindUnknown, KindCall, KindDo, KindExecute, KindFetch, KindLoad, KindCommitPrepared:
		return true
	}
	return false
}

// ddlWords begin statements whose node does not begin like the statement.
var ddlWords = map[string]string{
	"IndexStmt": "CREATE", "ViewStmt": "CREATE", "RuleStmt": "CREATE", "DefineStmt": "CREATE", "CompositeTypeStmt": "CREATE",
	"RenameStmt": "ALTER", "CommentStmt": "COMMENT", "SecLabelStmt": "SECURITY LABEL", "GrantStmt": "GRANT", "GrantRoleStmt": "GRANT",
	"ReassignOwnedStmt": "REASSIGN OWNED", "TruncateStmt": "TRUNCATE", "ImportForeignSchemaStmt": "IMPORT FOREIGN SCHEMA",
	"RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW", "VacuumStmt": "VACUUM", "ClusterStmt": "CLUSTER", "ReindexStmt": "REINDEX",
	"CheckPointStmt": "CHECKPOINT", "ConstraintsSetStmt": "SET CONSTRAINTS", "CreateTableAsStmt": "CREATE TABLE AS", "SelectStmt": "SELECT INTO",
}

// blame is the word for statement i if its kind alone keeps it from a
// replica. COPY to the client and EXPLAIN without ANALYZE are reads when what
// is in them is.
func (a *analyst) blame(i int) string {
	switch a.kind(i) {
	case KindSelect:
		return ""
	case KindCopy:
		return a.blameCopy(i)
	case KindExplain:
		return a.blameExplain(i)
	case KindDDL, KindUtility:
		if word := a.ddlWord(i); word != "" {
			return word
		}
		for _, verb := range [...]string{"Create", "Alter", "Drop"} {
			if strings.HasPrefix(a.t[i].key, verb) {
				return strings.ToUpper(verb)
			}
		}
	}
	return strings.ToUpper(a.kind(i).String())
}

// ddlWord is what ddlWords has for statement i, or where its options tell
// more, that.
func (a *analyst) ddlWord(i int) string {
	switch key := a.t[i].key; {
	case key == "VacuumStmt" && a.t.text(i, "is_vacuumcmd") != "true":
		return "ANALYZE"
	case key == "GrantStmt" && a.t.text(i, "is_grant") != "true", key == "GrantRoleStmt" && a.t.text(i, "is_grant") != "true":
		return "REVOKE"
	case key == "CreateTableAsStmt" && a.t.text(i, "objtype") == "OBJECT_MATVIEW":
		return "CREATE MATERIALIZED VIEW"
	default:
		return ddlWords[key]
	}
}

func (a *analyst) blameCopy(i int) string {
	switch {
	case a.t.text(i, "is_from") == "true":
		return "COPY FROM"
	case a.t.text(i, "is_program") == "true":
		return "COPY TO PROGRAM"
	case a.t.child(i, "filename") >= 0:
		return "COPY TO file"
	}
	return ""
}

func (a *analyst) blameExplain(i int) string {
	if a.explainRuns(i) {
		return "EXPLAIN ANALYZE"
	}
	query := a.t.only(a.t.child(i, "query"))
	if query < 0 {
		return "EXPLAIN"
	}
	if word := a.blame(query); word != "" {
		return "EXPLAIN " + word
	}
	return ""
}

// blame is the effect in words: for Facts.Blame, of a read that has one.
func (e Effect) blame() string {
	switch e.Kind {
	case SetParam, ResetParam, ParamUnknown, SessionAuthorization, SessionAuthorizationDefault:
		return "set_config"
	case TempObject:
		return "pg_temp"
	case Unknown, SessionBound:
		return strings.Clone(e.Name)
	}
	return strings.ReplaceAll(e.Kind.String(), "-", " ")
}
