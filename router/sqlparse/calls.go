package sqlparse

import "slices"

// callEffects are the functions of PostgreSQL, and of extensions that come
// with it, that change the session they run in. set_config and others whose
// effect depends on arguments are in call.
var callEffects = map[string]Effect{
	"pg_advisory_lock":                    {Kind: AdvisoryLock},
	"pg_advisory_lock_shared":             {Kind: AdvisoryLock},
	"pg_try_advisory_lock":                {Kind: AdvisoryLock},
	"pg_try_advisory_lock_shared":         {Kind: AdvisoryLock},
	"pg_advisory_unlock":                  {Kind: AdvisoryUnlock},
	"pg_advisory_unlock_shared":           {Kind: AdvisoryUnlock},
	"pg_advisory_unlock_all":              {Kind: AdvisoryUnlockAll},
	"setseed":                             {Kind: SetSeed},
	"currval":                             {Kind: SequenceValue},
	"lastval":                             {Kind: SequenceValue},
	"set_limit":                           {Kind: ParamUnknown, Name: "pg_trgm.similarity_threshold"},
	"dblink_connect":                      {Kind: SessionBound, Name: "dblink_connect"},
	"dblink_connect_u":                    {Kind: SessionBound, Name: "dblink_connect_u"},
	"pg_backup_start":                     {Kind: SessionBound, Name: "pg_backup_start"},
	"pg_start_backup":                     {Kind: SessionBound, Name: "pg_start_backup"},
	"pg_replication_origin_session_setup": {Kind: SessionBound, Name: "pg_replication_origin_session_setup"},
}

// runsText are the functions that run SQL text given to them in this very
// session. The value is the number of arguments with which they do; 0: any.
var runsText = map[string]int{
	"query_to_xml": 0, "query_to_xmlschema": 0, "query_to_xml_and_xmlschema": 0,
	"ts_stat": 0, "ts_rewrite": 2, "crosstab": 0, "crosstab2": 0, "crosstab3": 0, "crosstab4": 0,
}

// slotCalls make a replication slot, which may be temporary.
var slotCalls = []string{
	"pg_create_physical_replication_slot", "pg_copy_physical_replication_slot",
	"pg_create_logical_replication_slot", "pg_copy_logical_replication_slot",
}

// call reads the function call i. certain: it runs exactly once if the
// statement succeeds.
func (a *analyst) call(i int, p *Part, certain bool) {
	schema, name := a.callee(i)
	args := a.t.kids(a.t.child(i, "args"))
	builtin := schema == "" || schema == "pg_catalog"
	if e, ok := callEffects[name]; ok {
		p.add(e)
		return
	}
	if n, ok := runsText[name]; ok && (n == 0 || n == len(args)) {
		a.runText(name, args, p)
	}
	if name == "set_config" {
		a.setConfig(args, p, certain && builtin)
	}
	if slices.Contains(slotCalls, name) && a.mayBeTemporary(args) {
		p.add(Effect{Kind: SessionBound, Name: name})
	}
}

func (a *analyst) callee(i int) (schema, name string) {
	kids := a.t.kids(a.t.child(i, "funcname"))
	if n := len(kids); n > 0 {
		name = a.t.text(a.t.only(kids[n-1]), "sval")
		if n > 1 {
			schema = a.t.text(a.t.only(kids[n-2]), "sval")
		}
	}
	return schema, name
}

// mayBeTemporary: a replication slot is kept unless the third argument says
// otherwise, or one by name or by keyword true.
func (a *analyst) mayBeTemporary(args []int) bool {
	for n, arg := range args {
		i := a.t.only(arg)
		isNamed := i >= 0 && a.t[i].key == "NamedArgExpr"
		if isNamed {
			i = a.t.only(a.t.child(i, "arg"))
		}
		if n < 2 && !isNamed {
			continue
		}
		if text, kind := a.constant(i); kind != constBool || text == "true" {
			return true
		}
	}
	return false
}

// runText looks for words in the SQL text that a function is to run. An
// argument that is not a constant could be any text.
func (a *analyst) runText(name string, args []int, p *Part) {
	for _, arg := range args {
		switch text, kind := a.constant(a.t.only(arg)); kind {
		case constString:
			bodyEffects(p, text)
		case constNone:
			p.add(Effect{Kind: Unknown, Name: name})
		}
	}
}
