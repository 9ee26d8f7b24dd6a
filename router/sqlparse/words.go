package sqlparse

// maxName is the length in bytes to which the server cuts an identifier
// (NAMEDATALEN - 1).
const maxName = 63

// callWords are the effects of functions where only their name is known.
var callWords = func() map[string]Effect {
	m := map[string]Effect{"set_config": {Kind: ParamUnknown}}
	for name, e := range callEffects {
		m[name] = e
	}
	for name := range runsText {
		m[name] = Effect{Kind: Unknown, Name: name}
	}
	for _, name := range slotCalls {
		m[name] = Effect{Kind: SessionBound, Name: name}
	}
	return m
}()

// fold writes word into buf in lower case, cut to buf's length. Only ASCII
// letters change, as in a server with a multi-byte encoding.
func fold(buf, word []byte) []byte {
	n := copy(buf, word)
	for i, c := range buf[:n] {
		if c >= 'A' && c <= 'Z' {
			buf[i] = c | 0x20
		}
	}
	return buf[:n]
}

// firstWords give the kind of a statement that is not parsed. WITH and
// whatever is not here stay KindUnknown.
var firstWords = map[string]Kind{
	"select": KindSelect, "values": KindSelect, "table": KindSelect,
	"insert": KindInsert, "update": KindUpdate, "delete": KindDelete, "merge": KindMerge,
	"begin": KindBegin, "start": KindBegin, "commit": KindCommit, "end": KindCommit,
	"rollback": KindRollback, "abort": KindRollback, "savepoint": KindSavepoint, "release": KindReleaseSavepoint,
	"set": KindSet, "reset": KindReset, "show": KindShow, "discard": KindDiscard,
	"prepare": KindPrepare, "execute": KindExecute, "deallocate": KindDeallocate,
	"declare": KindDeclare, "fetch": KindFetch, "move": KindFetch, "close": KindClose,
	"listen": KindListen, "unlisten": KindUnlisten, "notify": KindNotify, "load": KindLoad,
	"copy": KindCopy, "call": KindCall, "do": KindDo, "explain": KindExplain, "lock": KindLock,
	"create": KindDDL, "alter": KindDDL, "drop": KindDDL, "grant": KindDDL, "revoke": KindDDL,
	"truncate": KindDDL, "comment": KindDDL, "security": KindDDL, "reassign": KindDDL, "import": KindDDL,
	"refresh": KindDDL, "vacuum": KindUtility, "analyze": KindUtility, "analyse": KindUtility,
	"cluster": KindUtility, "reindex": KindUtility, "checkpoint": KindUtility,
}
