package rewrite

import pg_query "github.com/pganalyze/pg_query_go/v5"

// rank orders the numbers by what PostgreSQL makes of two of them.
var rank = map[uint32]int{oidInt2: 1, oidInt4: 2, oidInt8: 3, oidNumeric: 4, oidFloat4: 5, oidFloat8: 6}

// commonType is the type of a CASE or COALESCE. Of other types than numbers
// there must be one alone.
func (b *block) commonType(list []*pg_query.Node) uint32 {
	var common uint32
	for _, n := range list {
		if isUntyped(n) {
			continue
		}
		t := b.typeOf(n)
		switch {
		case t == 0:
			return 0
		case common == 0 || common == t:
			common = t
		case rank[t] == 0 || rank[common] == 0:
			return 0
		case rank[t] > rank[common]:
			common = t
		}
	}
	return common
}

func (b *block) operatorType(e *pg_query.A_Expr) uint32 {
	switch e.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP:
	case pg_query.A_Expr_Kind_AEXPR_NULLIF:
		left, right := b.typeOf(e.Lexpr), b.typeOf(e.Rexpr)
		if left == oidVarchar {
			return 0 // its = is that of text, and so is the result
		}
		if left == right || isUntyped(e.Rexpr) || isInt(left) && isInt(right) {
			return left
		}
		return 0
	case pg_query.A_Expr_Kind_AEXPR_LIKE, pg_query.A_Expr_Kind_AEXPR_ILIKE, pg_query.A_Expr_Kind_AEXPR_SIMILAR,
		pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return oidBool
	default:
		return 0
	}
	if len(e.Name) != 1 || e.Rexpr == nil {
		return 0
	}
	op, right := lastName(e.Name), b.typeOf(e.Rexpr)
	if e.Lexpr == nil {
		if (op == "-" || op == "+") && rank[right] > 0 {
			return right
		}
		return 0
	}
	left := b.typeOf(e.Lexpr)
	switch op {
	case "=", "<>", "<", ">", "<=", ">=":
		if left != 0 && (left == right || isUntyped(e.Rexpr)) || rank[left] > 0 && rank[right] > 0 {
			return oidBool
		}
	case "+", "-", "*", "/", "%":
		return arithmetic(op, left, right, isUntyped(e.Lexpr), isUntyped(e.Rexpr))
	}
	return 0
}

// arithmetic is the type of a calculation with PostgreSQL's own operators.
func arithmetic(op string, left, right uint32, leftUntyped, rightUntyped bool) uint32 {
	switch {
	case leftUntyped && rank[right] > 0:
		return right
	case rightUntyped && rank[left] > 0:
		return left
	case left == oidFloat4 && right == oidFloat4:
		return oidFloat4
	case rank[left] >= rank[oidFloat4] && rank[right] > 0, rank[right] >= rank[oidFloat4] && rank[left] > 0:
		return oidFloat8
	case rank[left] > 0 && rank[right] > 0:
		if rank[left] > rank[right] {
			return left
		}
		return right
	case op == "-" && left == oidDate && right == oidDate:
		return oidInt4
	case (op == "+" || op == "-") && left == oidDate && right == oidInt4:
		return oidDate
	case (op == "+" || op == "-") && (left == oidTimestamp || left == oidTimestamptz) && right == oidInterval:
		return left
	}
	return 0
}

func isInt(t uint32) bool { return t == oidInt2 || t == oidInt4 || t == oidInt8 }

func isText(t uint32) bool { return t == oidText || t == oidVarchar || t == oidBpchar || t == oidName }

func (b *block) functionType(f *pg_query.FuncCall) uint32 {
	parts := names(f.Funcname)
	if len(parts) > 1 && (len(parts) != 2 || parts[0] != "pg_catalog") {
		return 0
	}
	name := parts[len(parts)-1]
	var arg uint32
	if len(f.Args) > 0 {
		arg = b.typeOf(f.Args[0])
	}
	if own, is := b.scope.Aggregate(parts); is {
		return aggregateType(own, arg)
	}
	if f.Over != nil {
		switch name {
		case "row_number", "rank", "dense_rank":
			return oidInt8
		}
		return 0
	}
	return scalarType(name, arg, len(f.Args), func(i int) uint32 { return b.typeOf(f.Args[i]) })
}

func scalarType(name string, arg uint32, n int, argType func(int) uint32) uint32 {
	switch {
	case n == 1 && isText(arg) && (name == "length" || name == "char_length" || name == "octet_length"):
		return oidInt4
	case n == 1 && isText(arg) && (name == "lower" || name == "upper"):
		return oidText
	case n == 1 && name == "abs" && rank[arg] > 0:
		return arg
	case n == 1 && (name == "floor" || name == "ceil" || name == "ceiling") && arg == oidNumeric:
		return arg
	case name == "round" && arg == oidNumeric && n <= 2:
		return arg
	case name == "mod" && n == 2 && arg == argType(1) && rank[arg] <= rank[oidNumeric]:
		return arg
	case name == "date_trunc" && n == 2 && (argType(1) == oidTimestamp || argType(1) == oidTimestamptz):
		return argType(1)
	}
	return 0
}

// aggregateType is what an aggregate of PostgreSQL's own returns for arg.
func aggregateType(name string, arg uint32) uint32 {
	switch name {
	case "count":
		return oidInt8
	case "bool_and", "bool_or", "every":
		return oidBool
	case "min", "max":
		if arg == oidVarchar || arg == oidName {
			return oidText
		}
		return arg
	case "bit_and", "bit_or", "bit_xor":
		return arg
	case "sum":
		switch arg {
		case oidInt2, oidInt4:
			return oidInt8
		case oidInt8, oidNumeric:
			return oidNumeric
		case oidFloat4, oidFloat8, oidMoney, oidInterval:
			return arg
		}
	case "avg", "variance", "var_samp", "var_pop", "stddev", "stddev_samp", "stddev_pop":
		switch {
		case arg == oidFloat4 || arg == oidFloat8:
			return oidFloat8
		case rank[arg] > 0:
			return oidNumeric
		case name == "avg" && arg == oidInterval:
			return oidInterval
		}
	}
	return 0
}
