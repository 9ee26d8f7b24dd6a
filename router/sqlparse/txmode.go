package sqlparse

// mode adds what statement i says about its transaction. only: i is the whole
// text.
func (a *analyst) mode(i int, m *TxMode, only bool) {
	switch a.t[i].key {
	case "TransactionStmt":
		switch a.kind(i) {
		case KindBegin, KindCommit, KindRollback:
			*m = TxMode{}
		}
		a.modes(a.t.child(i, "options"), m)
	case "VariableSetStmt":
		args := a.t.child(i, "args")
		switch name := a.t.text(i, "name"); {
		case a.t.text(i, "kind") == "VAR_SET_VALUE":
			a.modeParam(foldASCII(name), args, m)
		case name == "TRANSACTION":
			a.modes(args, m)
		case name == "TRANSACTION SNAPSHOT":
			m.Snapshot = true
		case name == "SESSION CHARACTERISTICS" && only:
			m.Session = true
			a.modes(args, m)
		}
	}
}

// modeParam reads SET of one of txParams, another spelling of SET TRANSACTION.
func (a *analyst) modeParam(name string, args int, m *TxMode) {
	if !txParams[name] {
		return
	}
	value, _ := a.flatten(name, args)
	on, ok := boolean(&value)
	switch {
	case name == "transaction_isolation":
		m.Isolation = isolation(foldASCII(value))
	case name == "transaction_read_only" && ok:
		m.ReadOnly, m.ReadWrite = on, !on
	case name == "transaction_deferrable":
		m.Deferrable = on
	}
}

// modes reads a list of transaction modes, of which a later one wins.
func (a *analyst) modes(list int, m *TxMode) {
	for _, o := range a.t.kids(list) {
		d := a.t.only(o)
		arg := a.t.child(a.t.child(d, "arg"), "A_Const")
		on := a.t.text(a.t.child(arg, "ival"), "ival") == "1"
		switch a.t.text(d, "defname") {
		case "transaction_isolation":
			m.Isolation = isolation(a.t.text(a.t.child(arg, "sval"), "sval"))
		case "transaction_read_only":
			m.ReadOnly, m.ReadWrite = on, !on
		case "transaction_deferrable":
			m.Deferrable = on
		}
	}
}

// isolation is level as a constant, so that nothing holds on to the tree.
func isolation(level string) string {
	for _, known := range [...]string{"read committed", "repeatable read", "serializable", "read uncommitted"} {
		if level == known {
			return known
		}
	}
	return ""
}
