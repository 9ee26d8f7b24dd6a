package sqlparse

import "strings"

// analyst reads one parse tree.
type analyst struct {
	t   tape
	sql []byte // the text, for what the tree does not tell
	// literal: some effect came from a literal's value, so the answer holds
	// for this text only and not for its skeleton.
	literal bool
}

// analyze turns the tree of sql into its parts. literal: see analyst.
func analyze(t tape, sql []byte) (parts []Part, literal bool) {
	a := analyst{t: t, sql: sql}
	for _, s := range t.kids(t.child(0, "stmts")) {
		i := t.only(t.child(s, "stmt"))
		if i < 0 {
			parts = append(parts, Part{Kind: KindUnknown, Effects: []Effect{{Kind: Unknown, Name: "tree"}}})
			continue
		}
		parts = append(parts, a.statement(i))
	}
	return parts, a.literal
}

// statement reads the statement node i, whose key is its type.
func (a *analyst) statement(i int) Part {
	p := Part{Kind: a.kind(i)}
	name := a.t.text(i, "name")
	switch a.t[i].key {
	case "TransactionStmt":
		p.Name = a.t.text(i, "savepoint_name")
		p.Chain = a.t.text(i, "chain") == "true"
	case "VariableSetStmt":
		a.set(i, &p)
	case "DiscardStmt":
		p.add(Effect{Kind: discards[a.t.text(i, "target")]})
	case "PrepareStmt":
		p.Name = name
		p.add(Effect{Kind: Prepare, Name: name})
		a.later(a.t.child(i, "query"), "prepare", &p)
	case "DeallocateStmt":
		p.Name = name
		p.add(named(Deallocate, DeallocateAll, name))
	case "ListenStmt":
		p.add(Effect{Kind: Listen, Name: a.t.text(i, "conditionname")})
	case "UnlistenStmt":
		p.add(named(Unlisten, UnlistenAll, a.t.text(i, "conditionname")))
	case "ExecuteStmt":
		p.Name = name
		a.walk(i, &p, true)
	case "FetchStmt":
		p.Name = a.t.text(i, "portalname")
	case "ClosePortalStmt":
		p.Name = a.t.text(i, "portalname")
		p.add(named(CloseCursor, CloseAllCursors, a.t.text(i, "portalname")))
	case "DeclareCursorStmt":
		p.Name = a.t.text(i, "portalname")
		if isHold(a.t.text(i, "options")) {
			p.add(Effect{Kind: HoldCursor, Name: a.t.text(i, "portalname")})
		}
		a.later(a.t.child(i, "query"), "declare", &p)
	case "LoadStmt":
		p.add(Effect{Kind: Load})
	case "DoStmt":
		a.literal = true
		bodyEffects(&p, a.doBody(i))
	case "ExplainStmt":
		a.walk(i, &p, a.explainRuns(i))
	case "CreatedbStmt", "DropdbStmt", "AlterDatabaseStmt", "AlterDatabaseSetStmt",
		"AlterDatabaseRefreshCollStmt", "AlterRoleSetStmt", "RenameStmt", "AlterOwnerStmt":
		a.database(i, &p)
	case "ViewStmt", "RuleStmt", "CreateFunctionStmt", "CreateTrigStmt", "CreatePolicyStmt", "AlterPolicyStmt", "CreateDomainStmt":
		a.walk(i, &p, false)
	default:
		a.walk(i, &p, true)
	}
	return p
}

// named is an effect on one name, or its form for all where there is none.
func named(one, all EffectKind, name string) Effect {
	if name == "" {
		return Effect{Kind: all}
	}
	return Effect{Kind: one, Name: name}
}

var discards = map[string]EffectKind{
	"DISCARD_ALL": DiscardAll, "DISCARD_PLANS": DiscardPlans,
	"DISCARD_SEQUENCES": DiscardSequences, "DISCARD_TEMP": DiscardTemp,
}

// later reads a query that runs at some later time, when nobody will know
// which it was: the statement that stores it answers for all it may do.
func (a *analyst) later(query int, word string, p *Part) {
	if query < 0 {
		return
	}
	var body Part
	a.walk(query, &body, true)
	for _, e := range body.Effects {
		switch e.Kind {
		case TempObject, AdvisoryLock, SequenceValue, SetSeed, SessionBound:
			p.add(e)
		default:
			p.add(Effect{Kind: Unknown, Name: word})
		}
	}
}

// walk looks at every node from i on, at any depth. runs: functions that are
// called in it do run now.
func (a *analyst) walk(i int, p *Part, runs bool) {
	certain := a.certainCalls(i)
	for j := i; j < a.t[i].end; j++ {
		switch n := &a.t[j]; n.key {
		case "relpersistence":
			if n.text == "t" {
				p.add(Effect{Kind: TempObject, UntilCommit: a.droppedAtCommit(i)})
			}
		case "schemaname":
			if isTempSchema(n.text) {
				p.add(Effect{Kind: TempObject, UntilCommit: a.droppedAtCommit(i)})
			}
		case "String":
			if isTempSchema(a.t.text(j, "sval")) {
				p.add(Effect{Kind: TempObject})
			}
		case "ExecuteStmt":
			p.add(Effect{Kind: ExecutePrepared, Name: a.t.text(j, "name")})
		case "UpdateStmt":
			if runs && a.t.text(a.t.child(j, "relation"), "relname") == "pg_settings" {
				p.add(Effect{Kind: ParamUnknown}) // a rule turns it into set_config
			}
		case "FuncCall":
			if runs {
				a.call(j, p, certain[j])
			}
		}
	}
}

// droppedAtCommit reports whether CREATE TABLE i, or what it holds, says ON
// COMMIT DROP.
func (a *analyst) droppedAtCommit(i int) bool {
	for j := i; j < a.t[i].end; j++ {
		if strings.EqualFold(a.t[j].key, "oncommit") && a.t[j].text == "ONCOMMIT_DROP" {
			return true
		}
	}
	return false
}

// isTempSchema: pg_temp, or the names behind it: pg_temp_3, pg_toast_temp_3.
func isTempSchema(name string) bool {
	return name == "pg_temp" || strings.HasPrefix(name, "pg_temp_") || strings.HasPrefix(name, "pg_toast_temp_")
}

// isHold tests CURSOR_OPT_HOLD of a cursor's options.
func isHold(options string) bool {
	const cursorOptHold = 0x20
	return number(options)&cursorOptHold != 0
}

// explainRuns reports whether EXPLAIN i may run its query: ANALYZE is there
// and not switched off.
func (a *analyst) explainRuns(i int) bool {
	for _, o := range a.t.kids(a.t.child(i, "options")) {
		d := a.t.only(o)
		if a.t.text(d, "defname") != "analyze" {
			continue
		}
		arg := a.t.only(a.t.child(d, "arg"))
		if arg < 0 {
			return true
		}
		a.literal = true
		switch strings.ToLower(a.t.text(arg, "sval")) {
		case "false", "off":
		default:
			if a.t[arg].key != "Integer" || a.t.text(arg, "ival") != "" {
				return true
			}
		}
	}
	return false
}

// doBody is the source text of DO i.
func (a *analyst) doBody(i int) string {
	for _, o := range a.t.kids(a.t.child(i, "args")) {
		d := a.t.only(o)
		if a.t.text(d, "defname") == "as" {
			return a.t.text(a.t.only(a.t.child(d, "arg")), "sval")
		}
	}
	return ""
}
