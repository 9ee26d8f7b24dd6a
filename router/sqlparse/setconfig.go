package sqlparse

import "strings"

// setConfig reads a call of set_config with the given arguments. certain: it
// runs exactly once, so that a known value is a fact.
func (a *analyst) setConfig(args []int, p *Part, certain bool) {
	var place [3]int
	if len(args) != 3 || !a.order(args, &place) {
		p.add(Effect{Kind: ParamUnknown})
		return
	}
	name, value, local := a.argument(place[0], false), a.argument(place[1], false), a.argument(place[2], true)
	isLocal, isBool := boolean(local.text)
	known := certain && name.ok && value.ok && local.ok && (name.param > 0 || name.text != nil) && (local.param > 0 || isBool)
	switch {
	case !known:
		uncertain(p, name, value, local.ok && local.param == 0 && isBool && isLocal)
	case name.param == 0 && value.param == 0 && local.param == 0:
		p.addAll(SetConfig(*name.text, value.text, isLocal))
	default:
		e := Effect{Kind: SetParam, Local: isLocal, NameArg: name.param, ValueArg: value.param, LocalArg: local.param}
		if name.text != nil {
			e.Name = foldASCII(*name.text)
		}
		if value.text != nil {
			e.Value = *value.text
		} else if value.param == 0 {
			e.Kind = ResetParam
		}
		p.add(e)
	}
}

// uncertain adds what set_config may do when it may run never or often, or
// with values of which some are not told.
func uncertain(p *Part, name, value argument, local bool) {
	if name.text == nil {
		p.add(Effect{Kind: ParamUnknown, Local: local})
		return
	}
	for _, e := range SetConfig(*name.text, value.text, local) {
		switch e.Kind {
		case SetSeed, TempObject:
			p.add(e)
		default:
			p.add(Effect{Kind: ParamUnknown, Name: foldASCII(*name.text), Local: local})
		}
	}
}

// order puts set_config's arguments into their places, by name where named.
func (a *analyst) order(args []int, place *[3]int) bool {
	names := map[string]int{"setting_name": 0, "new_value": 1, "is_local": 2}
	for n, o := range args {
		i := a.t.only(o)
		if i >= 0 && a.t[i].key == "NamedArgExpr" {
			at, ok := names[a.t.text(i, "name")]
			if !ok {
				return false
			}
			n, i = at, a.t.only(a.t.child(i, "arg"))
		}
		place[n] = i
	}
	return true
}

// argument is a literal or a $n; a NULL has no text. ok is false for
// anything that must be computed.
type argument struct {
	text  *string
	param int
	ok    bool
}

// argument reads the expression i, through casts that change nothing.
func (a *analyst) argument(i int, isBool bool) argument {
	for i >= 0 && a.t[i].key == "TypeCast" && a.harmlessCast(i, isBool) {
		i = a.t.only(a.t.child(i, "arg"))
	}
	if i >= 0 && a.t[i].key == "ParamRef" {
		n := number(a.t.text(i, "number"))
		return argument{param: n, ok: n > 0}
	}
	switch s, kind := a.constant(i); kind {
	case constString:
		return argument{text: &s, ok: true}
	case constBool:
		if s == "" {
			s = "false"
		}
		return argument{text: &s, ok: isBool}
	case constNull:
		return argument{ok: true}
	}
	return argument{}
}

func number(digits string) (n int) {
	for _, c := range []byte(digits) {
		n = n*10 + int(c-'0')
	}
	return n
}

func (a *analyst) harmlessCast(i int, isBool bool) bool {
	t := a.t.child(i, "typeName")
	names := a.t.kids(a.t.child(t, "names"))
	if len(names) == 0 || a.t.child(t, "typmods") >= 0 || a.t.child(t, "arrayBounds") >= 0 {
		return false
	}
	switch a.t.text(a.t.only(names[len(names)-1]), "sval") {
	case "text", "varchar":
		return true
	case "bool":
		return isBool
	}
	return false
}

// boolean reads what boolin takes; NULL counts as false for is_local.
func boolean(s *string) (value, ok bool) {
	if s == nil {
		return false, true
	}
	switch strings.ToLower(strings.TrimSpace(*s)) {
	case "t", "true", "y", "yes", "on", "1":
		return true, true
	case "f", "false", "n", "no", "off", "0":
		return false, true
	}
	return false, false
}
