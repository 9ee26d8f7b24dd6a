package sqlparse

// session reads statements about the session. What does not look exactly
// as expected is Unknown.
func (r *reading) session(p *Part) {
	switch p.Kind {
	case KindSet:
		r.set(p)
	case KindReset:
		r.reset(p)
	case KindDiscard:
		r.one(p, 1, map[string]EffectKind{
			"all": DiscardAll, "plans": DiscardPlans, "sequences": DiscardSequences,
			"temp": DiscardTemp, "temporary": DiscardTemp,
		}, 0)
	case KindDeallocate:
		n := 1
		if r.at(1) == "prepare" && r.count > 2 {
			n = 2
		}
		r.one(p, n, map[string]EffectKind{"all": DeallocateAll}, Deallocate)
	case KindListen:
		r.one(p, 1, nil, Listen)
	case KindUnlisten:
		if r.count == 2 && r.head[1].kind == '*' {
			p.add(Effect{Kind: UnlistenAll})
			return
		}
		r.one(p, 1, nil, Unlisten)
	case KindClose:
		r.one(p, 1, map[string]EffectKind{"all": CloseAllCursors}, CloseCursor)
	case KindLoad:
		p.add(Effect{Kind: Load})
	case KindDo:
		r.blame("do") // its body was not looked at
	case KindExecute:
		p.add(Effect{Kind: ExecutePrepared, Name: r.ident(1)})
	case KindDeclare:
		if r.seen&sawHold != 0 {
			p.add(Effect{Kind: HoldCursor, Name: r.ident(1)})
		}
	}
}

// one reads a statement that ends with its n-th token: a word with a meaning
// of its own, or else a name.
func (r *reading) one(p *Part, n int, words map[string]EffectKind, name EffectKind) {
	switch kind, ok := words[r.at(n)]; {
	case r.count != n+1:
		r.blame(p.Kind.String())
	case ok:
		p.add(Effect{Kind: kind})
	case name != 0 && r.ident(n) != "":
		p.add(Effect{Kind: name, Name: r.ident(n)})
	default:
		r.blame(p.Kind.String())
	}
}

// spelled maps the first word of SET and RESET's special forms to the
// parameter they mean.
var spelled = map[string]string{"time": "timezone", "names": "client_encoding", "schema": "search_path", "xml": "xmloption"}

func (r *reading) set(p *Part) {
	n, local := 1, r.at(1) == "local"
	if local || r.at(1) == "session" {
		n = 2
	}
	name := foldASCII(r.ident(n))
	switch {
	case name == "transaction" || name == "constraints":
		return // the current transaction only
	case name == "" || name == "authorization" || name == "characteristics" || name == "seed":
		r.blame("set")
		return
	case spelled[name] != "":
		name = spelled[name]
	case name != "role" && !(n+1 < r.count && (r.head[n+1].kind == '=' || r.at(n+1) == "to")):
		name = "" // a.b, or nothing that we know
	}
	if !txParams[name] {
		p.add(Effect{Kind: ParamUnknown, Name: name, Local: local})
	}
}

func (r *reading) reset(p *Part) {
	name := foldASCII(r.ident(1))
	switch {
	case name == "all" && r.count == 2:
		p.add(Effect{Kind: ResetAll})
	case name == "session" && r.at(2) == "authorization" && r.count == 3:
		p.add(Effect{Kind: SessionAuthorizationDefault})
	case name != "" && r.count == 2:
		p.addAll(SetConfig(name, nil, false))
	default:
		p.add(Effect{Kind: ParamUnknown, Name: spelled[name]})
	}
}

// transaction reads statements that begin and end transactions.
func (r *reading) transaction(p *Part) {
	n := 1
	if second := r.at(1); second == "work" || second == "transaction" {
		n = 2
	}
	switch p.Kind {
	case KindSavepoint:
		p.Name = r.ident(1)
	case KindReleaseSavepoint:
		p.Name = r.afterSavepoint(1)
	case KindPrepare:
		if r.at(1) == "transaction" {
			p.Kind = KindPrepareTransaction
			return
		}
		p.add(Effect{Kind: Prepare, Name: r.ident(1)})
		if len(p.Effects) > 1 {
			r.blame("prepare")
		}
	case KindCommit, KindRollback:
		switch {
		case r.at(1) == "prepared" && p.Kind == KindCommit:
			p.Kind = KindCommitPrepared
		case r.at(1) == "prepared":
			p.Kind = KindRollbackPrepared
		case r.at(n) == "to" && p.Kind == KindRollback:
			p.Kind, p.Name = KindRollbackTo, r.afterSavepoint(n+1)
		}
		p.Chain = r.seen&sawChain != 0 && r.seen&sawNo == 0
	}
}

// afterSavepoint is the name at n, behind the word SAVEPOINT if that is there.
func (r *reading) afterSavepoint(n int) string {
	if r.at(n) == "savepoint" && r.count > n+1 {
		n++
	}
	return r.ident(n)
}
