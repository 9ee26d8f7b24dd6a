package sqlparse

import "strings"

// The bare spellings of transaction control are the commonest statements of
// all and the shortest: they are recognised by length and letters, without a
// hash.
var (
	bareBegin    = bareStatement(KindBegin)
	bareCommit   = bareStatement(KindCommit)
	bareRollback = bareStatement(KindRollback)
	empty        = bareStatement()
)

func bareStatement(kinds ...Kind) *Statement {
	var parts []Part
	f := &Facts{}
	for _, k := range kinds {
		parts = append(parts, Part{Kind: k})
		f.Blame = strings.ToUpper(k.String())
	}
	st := newStatement(parts, true)
	st.facts = f
	return st
}

// bare returns the Statement of BEGIN, COMMIT and the like in any case, with
// or without one semicolon, or nil.
func bare(sql []byte) *Statement {
	if n := len(sql); n > 0 && sql[n-1] == ';' {
		sql = sql[:n-1]
	}
	switch len(sql) {
	case 0:
		return empty
	case 3:
		if foldIs(sql, "end") {
			return bareCommit
		}
	case 5:
		if foldIs(sql, "begin") {
			return bareBegin
		}
		if foldIs(sql, "abort") {
			return bareRollback
		}
	case 6:
		if foldIs(sql, "commit") {
			return bareCommit
		}
	case 8:
		if foldIs(sql, "rollback") {
			return bareRollback
		}
	case 17:
		if foldIs(sql[:5], "start") && sql[5] == ' ' && foldIs(sql[6:], "transaction") {
			return bareBegin
		}
	}
	return nil
}
