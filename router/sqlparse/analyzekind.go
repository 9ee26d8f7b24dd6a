package sqlparse

import "strings"

var transactionKinds = map[string]Kind{
	"TRANS_STMT_BEGIN": KindBegin, "TRANS_STMT_START": KindBegin,
	"TRANS_STMT_COMMIT": KindCommit, "TRANS_STMT_ROLLBACK": KindRollback,
	"TRANS_STMT_SAVEPOINT": KindSavepoint, "TRANS_STMT_RELEASE": KindReleaseSavepoint,
	"TRANS_STMT_ROLLBACK_TO": KindRollbackTo, "TRANS_STMT_PREPARE": KindPrepareTransaction,
	"TRANS_STMT_COMMIT_PREPARED": KindCommitPrepared, "TRANS_STMT_ROLLBACK_PREPARED": KindRollbackPrepared,
}

// treeKinds holds the nodes whose name does not tell; see kind for the rest.
var treeKinds = map[string]Kind{
	"InsertStmt": KindInsert, "UpdateStmt": KindUpdate, "DeleteStmt": KindDelete, "MergeStmt": KindMerge,
	"VariableShowStmt": KindShow, "DiscardStmt": KindDiscard,
	"PrepareStmt": KindPrepare, "ExecuteStmt": KindExecute, "DeallocateStmt": KindDeallocate,
	"DeclareCursorStmt": KindDeclare, "FetchStmt": KindFetch, "ClosePortalStmt": KindClose,
	"ListenStmt": KindListen, "UnlistenStmt": KindUnlisten, "NotifyStmt": KindNotify, "LoadStmt": KindLoad,
	"CopyStmt": KindCopy, "CallStmt": KindCall, "DoStmt": KindDo, "ExplainStmt": KindExplain, "LockStmt": KindLock,
	"IndexStmt": KindDDL, "ViewStmt": KindDDL, "RuleStmt": KindDDL, "DefineStmt": KindDDL,
	"CompositeTypeStmt": KindDDL, "RenameStmt": KindDDL, "CommentStmt": KindDDL, "SecLabelStmt": KindDDL,
	"GrantStmt": KindDDL, "GrantRoleStmt": KindDDL, "ReassignOwnedStmt": KindDDL, "TruncateStmt": KindDDL,
	"ImportForeignSchemaStmt": KindDDL, "RefreshMatViewStmt": KindDDL,
}

// shared lists the kinds that the plan cache may hold once for all literals,
// as long as no effect depends on one.
func (k Kind) shared() bool {
	switch k {
	case KindSelect, KindInsert, KindUpdate, KindDelete, KindMerge, KindExecute, KindFetch, KindDeclare,
		KindNotify, KindCopy, KindCall, KindExplain, KindShow, KindLock, KindClose,
		KindBegin, KindCommit, KindRollback, KindSavepoint, KindReleaseSavepoint, KindRollbackTo:
		return true
	}
	return false
}

func (a *analyst) kind(i int) Kind {
	key := a.t[i].key
	switch key {
	case "SelectStmt":
		if a.t.child(i, "intoClause") >= 0 {
			return KindDDL
		}
		return KindSelect
	case "TransactionStmt":
		return transactionKinds[a.t.text(i, "kind")]
	case "VariableSetStmt":
		if strings.HasPrefix(a.t.text(i, "kind"), "VAR_RESET") {
			return KindReset
		}
		return KindSet
	}
	if k, ok := treeKinds[key]; ok {
		return k
	}
	for _, verb := range [...]string{"Create", "Alter", "Drop"} {
		if strings.HasPrefix(key, verb) {
			return KindDDL
		}
	}
	return KindUtility
}

// database reads a statement about a database, or about settings that only
// new server sessions get.
func (a *analyst) database(i int, p *Part) {
	name := a.t.text(i, "dbname")
	switch a.t[i].key {
	case "CreatedbStmt":
		name = a.template(i)
	case "AlterRoleSetStmt":
		name = a.t.text(i, "database")
	case "RenameStmt":
		if a.t.text(i, "renameType") != "OBJECT_DATABASE" {
			a.walk(i, p, false)
			return
		}
		name = a.t.text(i, "subname")
	case "AlterOwnerStmt":
		if a.t.text(i, "objectType") != "OBJECT_DATABASE" {
			a.walk(i, p, false)
			return
		}
		name = a.t.text(a.t.only(a.t.child(i, "object")), "sval")
	}
	p.add(Effect{Kind: DatabaseChanged, Name: name})
}

// template is the database that CREATE DATABASE i copies.
func (a *analyst) template(i int) string {
	name := "template1"
	for _, o := range a.t.kids(a.t.child(i, "options")) {
		d := a.t.only(o)
		if a.t.text(d, "defname") == "template" {
			if s := a.t.text(a.t.only(a.t.child(d, "arg")), "sval"); s != "" {
				name = s
			}
		}
	}
	return name
}
