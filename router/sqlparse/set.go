package sqlparse

import (
	"strconv"
	"strings"
)

// listParams are the parameters that take a list (GUC_LIST_INPUT in
// guc_tables.c); those with true hold identifiers, so that SET quotes each
// element where it must (GUC_LIST_QUOTE).
var listParams = map[string]bool{
	"search_path": true, "temp_tablespaces": true, "session_preload_libraries": true,
	"shared_preload_libraries": true, "local_preload_libraries": true, "unix_socket_directories": true,
	"oauth_validator_libraries": true,
}

// txParams belong to the current transaction and vanish with it.
var txParams = map[string]bool{
	"transaction_isolation": true, "transaction_read_only": true, "transaction_deferrable": true,
}

// SetConfig is what set_config(name, value, local) does once its arguments
// are known; a nil value is NULL, which resets. The session calls it for an
// effect with an Arg when the statement is bound. SET means the same.
func SetConfig(name string, value *string, local bool) []Effect {
	name = foldASCII(name)
	e := Effect{Kind: SetParam, Name: name, Local: local}
	switch {
	case txParams[name]:
		return nil
	case name == "seed":
		return []Effect{{Kind: SetSeed}}
	case name == "session_authorization" && value == nil:
		return []Effect{{Kind: SessionAuthorizationDefault, Local: local}}
	case name == "session_authorization":
		return []Effect{{Kind: SessionAuthorization, Value: *value, Local: local}}
	case value == nil:
		e.Kind = ResetParam
		return []Effect{e}
	}
	e.Value = *value
	if name == "search_path" && strings.Contains(foldASCII(*value), "pg_temp") {
		return []Effect{e, {Kind: TempObject}} // CREATE TABLE may now make one
	}
	return []Effect{e}
}

func foldASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// set reads SET or RESET i.
func (a *analyst) set(i int, p *Part) {
	name, local := foldASCII(a.t.text(i, "name")), a.t.text(i, "is_local") == "true"
	switch a.t.text(i, "kind") {
	case "VAR_RESET_ALL":
		p.add(Effect{Kind: ResetAll})
	case "VAR_RESET", "VAR_SET_DEFAULT":
		p.addAll(SetConfig(name, nil, local))
	case "VAR_SET_CURRENT":
		p.add(Effect{Kind: ParamUnknown, Name: name, Local: local})
	case "VAR_SET_VALUE":
		value, ok := a.flatten(name, a.t.child(i, "args"))
		if !ok {
			p.add(Effect{Kind: ParamUnknown, Name: name, Local: local})
			return
		}
		p.addAll(SetConfig(name, &value, local))
	case "VAR_SET_MULTI":
		if name == "session characteristics" {
			a.characteristics(a.t.child(i, "args"), p)
		}
	}
}

func (p *Part) addAll(list []Effect) {
	for _, e := range list {
		p.add(e)
	}
}

// characteristics reads the modes of SET SESSION CHARACTERISTICS AS
// TRANSACTION, which are the defaults of transactions to come.
func (a *analyst) characteristics(args int, p *Part) {
	for _, o := range a.t.kids(args) {
		d := a.t.only(o)
		arg := a.t.child(a.t.child(d, "arg"), "A_Const")
		value := a.t.text(a.t.child(arg, "sval"), "sval")
		if a.t.child(arg, "ival") >= 0 {
			value = "off"
			if a.t.text(a.t.child(arg, "ival"), "ival") == "1" {
				value = "on"
			}
		}
		p.add(Effect{Kind: SetParam, Name: "default_" + a.t.text(d, "defname"), Value: value})
	}
}

// flatten joins the arguments of SET as the server does
// (flatten_set_variable_args in guc_funcs.c), so that set_config takes the
// result for the same.
func (a *analyst) flatten(name string, args int) (value string, ok bool) {
	for n, o := range a.t.kids(args) {
		if n > 0 {
			value += ", "
		}
		i := a.t.only(o)
		if i >= 0 && a.t[i].key == "TypeCast" {
			return a.interval(i)
		}
		switch text, kind := a.constant(i); {
		case kind == constString && listParams[name]:
			value += quoteIdent(text)
		case kind == constString || kind == constNumber:
			value += text
		default:
			return "", false
		}
	}
	return value, true
}

// interval reads SET TIME ZONE INTERVAL '...', whose value is the interval in
// words. Fields after the text may change what it means: then only the usual
// form, hours and minutes, is clear.
func (a *analyst) interval(i int) (value string, ok bool) {
	const hourToMinute = "3072" // INTERVAL_MASK(HOUR) | INTERVAL_MASK(MINUTE)
	text, kind := a.constant(a.t.only(a.t.child(i, "arg")))
	ok = kind == constString && onlyOf(text, "0123456789 abcdefghijklmnopqrstuvwxyz") || clock(text)
	for _, m := range a.t.kids(a.t.child(a.t.child(i, "typeName"), "typmods")) {
		mod, _ := a.constant(a.t.only(m))
		ok = mod == hourToMinute && clock(text)
	}
	return "INTERVAL '" + text + "'", ok
}

// clock: hours and minutes, as in -08:00.
func clock(s string) bool {
	s = strings.TrimLeft(s, "+-")
	hours, minutes, ok := strings.Cut(s, ":")
	return ok && hours != "" && minutes != "" && onlyOf(hours+minutes, "0123456789")
}

func onlyOf(s, set string) bool { return strings.Trim(s, set) == "" }

type constKind uint8

const (
	constNone constKind = iota
	constString
	constNumber
	constBool
	constNull
)

// constant reads the A_Const node i. Whoever asks depends on its value, which
// is not in the skeleton unless it is a keyword.
func (a *analyst) constant(i int) (text string, kind constKind) {
	if i < 0 || a.t[i].key != "A_Const" {
		return "", constNone
	}
	a.literal = a.literal || a.t.child(i, "boolval") < 0 && a.t.child(i, "isnull") < 0
	if c := a.t.child(i, "sval"); c >= 0 {
		return a.t.text(c, "sval"), constString
	}
	if c := a.t.child(i, "fval"); c >= 0 {
		return a.t.text(c, "fval"), constNumber
	}
	if c := a.t.child(i, "ival"); c >= 0 {
		if text = a.t.text(c, "ival"); text == "" {
			text = a.lostInteger(i)
		}
		return text, constNumber
	}
	if c := a.t.child(i, "boolval"); c >= 0 {
		return a.t.text(c, "boolval"), constBool
	}
	if a.t.text(i, "isnull") == "true" {
		return "", constNull
	}
	return "", constNone
}

// lostInteger reads an integer that is not above zero from the text: pg_query
// prints none of them into its JSON.
func (a *analyst) lostInteger(i int) string {
	at, err := strconv.Atoi(a.t.text(i, "location"))
	if err != nil || at < 0 || at >= len(a.sql) || a.sql[at] != '-' {
		return "0"
	}
	at = skipBlank(a.sql, at+1)
	if at >= len(a.sql) || !isDigit(a.sql[at]) {
		return "0"
	}
	end, _ := numberEnd(a.sql, at)
	digits, base := strings.ReplaceAll(string(a.sql[at:end]), "_", ""), 10
	if len(digits) > 2 && digits[0] == '0' && !isDigit(digits[1]) {
		base = 0
	}
	n, _ := strconv.ParseInt(digits, base, 64)
	return strconv.FormatInt(-n, 10)
}
