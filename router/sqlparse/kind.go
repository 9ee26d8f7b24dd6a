package sqlparse

// Kind says what a SQL statement is, by its first word or, after WITH, by its
// main clause.
type Kind uint8

// The kinds. VALUES, TABLE and a WITH that only reads are KindSelect; SELECT
// INTO and CREATE TABLE AS are KindDDL; END is KindCommit, ABORT KindRollback.
const (
	KindEmpty Kind = iota // nothing but spaces, comments and semicolons
	KindMulti             // several statements in one text
	KindUnknown
	KindSelect
	KindInsert
	KindUpdate
	KindDelete
	KindMerge
	KindBegin
	KindCommit
	KindRollback
	KindSavepoint
	KindReleaseSavepoint
	KindRollbackTo
	KindPrepareTransaction
	KindCommitPrepared
	KindRollbackPrepared
	KindSet
	KindReset
	KindShow
	KindDiscard
	KindPrepare
	KindExecute
	KindDeallocate
	KindDeclare
	KindFetch
	KindClose
	KindListen
	KindUnlisten
	KindNotify
	KindLoad
	KindCopy
	KindCall
	KindDo
	KindExplain
	KindLock
	KindDDL     // CREATE, ALTER, DROP, GRANT, TRUNCATE, COMMENT, ...
	KindUtility // all the rest: VACUUM, ANALYZE, CHECKPOINT, ...
)

var kindNames = [...]string{
	KindEmpty: "empty", KindMulti: "multi", KindUnknown: "unknown",
	KindSelect: "select", KindInsert: "insert", KindUpdate: "update", KindDelete: "delete", KindMerge: "merge",
	KindBegin: "begin", KindCommit: "commit", KindRollback: "rollback", KindSavepoint: "savepoint",
	KindReleaseSavepoint: "release savepoint", KindRollbackTo: "rollback to",
	KindPrepareTransaction: "prepare transaction", KindCommitPrepared: "commit prepared",
	KindRollbackPrepared: "rollback prepared",
	KindSet:              "set", KindReset: "reset", KindShow: "show", KindDiscard: "discard",
	KindPrepare: "prepare", KindExecute: "execute", KindDeallocate: "deallocate",
	KindDeclare: "declare", KindFetch: "fetch", KindClose: "close",
	KindListen: "listen", KindUnlisten: "unlisten", KindNotify: "notify", KindLoad: "load",
	KindCopy: "copy", KindCall: "call", KindDo: "do", KindExplain: "explain", KindLock: "lock",
	KindDDL: "ddl", KindUtility: "utility",
}

// String is the kind in lower-case words.
func (k Kind) String() string { return kindNames[k] }
