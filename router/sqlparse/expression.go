package sqlparse

// valueFunctions are the functions behind CURRENT_TIMESTAMP and its kin:
// those whose result, or what it is computed from, is the same.
var valueFunctions = map[string]string{
	"SVFOP_CURRENT_DATE": "now", "SVFOP_CURRENT_TIME": "now", "SVFOP_CURRENT_TIME_N": "now",
	"SVFOP_CURRENT_TIMESTAMP": "now", "SVFOP_CURRENT_TIMESTAMP_N": "now",
	"SVFOP_LOCALTIME": "now", "SVFOP_LOCALTIME_N": "now", "SVFOP_LOCALTIMESTAMP": "now", "SVFOP_LOCALTIMESTAMP_N": "now",
	"SVFOP_CURRENT_ROLE": "current_user", "SVFOP_CURRENT_USER": "current_user", "SVFOP_USER": "current_user",
	"SVFOP_SESSION_USER": "session_user", "SVFOP_CURRENT_CATALOG": "current_database", "SVFOP_CURRENT_SCHEMA": "current_schema",
}

// expression takes the functions, operators and types that node j names or
// implies.
func (v *inventory) expression(j int) {
	switch v.t[j].key {
	case "FuncCall", "funccall":
		v.call(j)
	case "SQLValueFunction":
		v.calls = put(v.calls, Call{"pg_catalog", valueFunctions[v.t.text(j, "op")], 0})
	case "RangeTableSample":
		n, _ := v.qualified(v.t.child(j, "method"))
		v.calls = put(v.calls, Call{n.Schema, n.Name, 1}) // (internal), see "Writing a Table Sampling Method"
	case "names":
		if n, _ := v.qualified(j); n.Name != "" {
			v.types = put(v.types, n)
		}
	case "ColumnRef":
		if n, parts := v.qualified(v.t.child(j, "fields")); parts > 1 && n.Name != "" {
			v.fields = put(v.fields, n.Name)
		}
	case "A_Indirection":
		v.indirection(v.t.child(j, "indirection"))
	default:
		v.operator(j)
	}
}

func (v *inventory) call(j int) {
	n, _ := v.qualified(v.t.child(j, "funcname"))
	args := v.t.count(v.t.child(j, "args"))
	if v.t.text(j, "agg_within_group") == "true" {
		args += v.t.count(v.t.child(j, "agg_order"))
	}
	v.calls = put(v.calls, Call{n.Schema, n.Name, args})
	if v.t.text(j, "agg_distinct") == "true" {
		v.compares()
	}
}

func (v *inventory) indirection(list int) {
	for _, c := range v.t.kids(list) {
		if name := v.t.text(v.t.only(c), "sval"); name != "" {
			v.fields = put(v.fields, name)
		}
	}
}

// operator takes operators by name, and those that a clause looks up by
// itself: by name, or as the default ones of a type.
func (v *inventory) operator(j int) {
	switch v.t[j].key {
	case "A_Expr":
		v.between(j)
	case "SubLink":
		if list := v.t.child(j, "operName"); list >= 0 {
			v.named(list)
		} else if v.t.text(j, "subLinkType") == "ANY_SUBLINK" {
			v.uses("=")
		}
	case "SortBy":
		switch v.t.text(j, "sortby_dir") {
		case "SORTBY_USING":
			v.named(v.t.child(j, "useOp"))
		case "SORTBY_DESC":
			v.uses(">")
		default:
			v.uses("<")
		}
	case "CaseExpr":
		if v.t.child(j, "arg") >= 0 {
			v.uses("=")
		}
	case "JoinExpr":
		if v.t.child(j, "usingClause") >= 0 || v.t.text(j, "isNatural") == "true" {
			v.uses("=")
		}
	case "MinMaxExpr", "distinctClause", "groupClause", "partitionClause", "cycle_clause":
		v.compares()
	}
}

// between takes the operators of an A_Expr, most of which stand in it by name.
func (v *inventory) between(j int) {
	switch v.t.text(j, "kind") {
	case "AEXPR_BETWEEN", "AEXPR_BETWEEN_SYM":
		v.uses(">=")
		v.uses("<=")
	case "AEXPR_NOT_BETWEEN", "AEXPR_NOT_BETWEEN_SYM":
		v.uses("<")
		v.uses(">")
	default:
		v.named(v.t.child(j, "name"))
	}
}

// compares: values are sorted, or hashed and compared.
func (v *inventory) compares() {
	v.uses("=")
	v.uses("<")
}

func (v *inventory) uses(operator string) { v.operators = put(v.operators, Name{"", operator}) }

func (v *inventory) named(list int) {
	if n, _ := v.qualified(list); n.Name != "" {
		v.operators = put(v.operators, n)
	}
}
