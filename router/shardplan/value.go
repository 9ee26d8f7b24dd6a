package shardplan

import (
	"math"
	"unsafe"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// value is a constant or a parameter that is compared with a column.
type value struct {
	kind valueKind
	text string          // of an untyped constant
	typ  shardfunc.Type  // of a cast; 0: none
	v    shardfunc.Value // of a typed constant
	arg  int             // from 1
	sure bool            // of a parameter: its type is the column's if the client did not say
	lit  int             // where a constant stands in the text, in bytes; -1: it is not one literal
}

type valueKind uint8

const (
	valueNull  valueKind = iota
	valueText            // a quoted constant: it is of the column's type, or of typ
	valueTyped           // v
	valueArg             // a parameter
)

// readValue reads an expression of constants; false for all that is not.
func readValue(n *pg_query.Node) (value, bool) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_AConst:
		return readConst(n.AConst)
	case *pg_query.Node_ParamRef:
		return value{kind: valueArg, arg: int(n.ParamRef.Number), lit: -1}, n.ParamRef.Number > 0
	case *pg_query.Node_TypeCast:
		return readCast(n.TypeCast)
	case *pg_query.Node_AExpr:
		v, ok := fold(n.AExpr)
		return v, ok
	}
	return value{}, false
}

func readConst(c *pg_query.A_Const) (value, bool) {
	at := int(c.Location)
	switch v := c.Val.(type) {
	case *pg_query.A_Const_Sval:
		return value{kind: valueText, text: v.Sval.GetSval(), lit: at}, true
	case *pg_query.A_Const_Ival:
		return value{kind: valueTyped, v: shardfunc.Int(int64(v.Ival.GetIval())), lit: at}, true
	case *pg_query.A_Const_Fval:
		one, err := numberValue(v.Fval.GetFval())
		return value{kind: valueTyped, v: one, lit: at}, err == nil
	case nil:
		return value{kind: valueNull, lit: -1}, c.Isnull
	}
	return value{}, false
}

// numberValue is a number that the grammar could not read as an int4: a bigint
// if it fits, else a numeric.
func numberValue(text string) (shardfunc.Value, error) {
	if v, err := shardfunc.FromText(shardfunc.Int8, text); err == nil {
		return v, nil
	}
	return shardfunc.FromText(shardfunc.Numeric, text)
}

// castTypes are the types that a cast may name, as the grammar spells them:
// char is bpchar there, and "char" is another type.
var castTypes = map[string]shardfunc.Type{
	"int2": shardfunc.Int2, "int4": shardfunc.Int4, "int8": shardfunc.Int8, "text": shardfunc.Text, "varchar": shardfunc.Varchar,
	"bpchar": shardfunc.Bpchar, "uuid": shardfunc.UUID, "numeric": shardfunc.Numeric, "date": shardfunc.Date,
	"timestamp": shardfunc.Timestamp, "timestamptz": shardfunc.Timestamptz, "bytea": shardfunc.Bytea,
}

// castType is the type that t names, if it is one of those and has no length.
func castType(t *pg_query.TypeName) (shardfunc.Type, bool) {
	if t == nil || t.Setof || t.PctType || len(t.ArrayBounds) > 0 || len(t.Typmods) > 0 {
		return 0, false
	}
	parts := names(t.Names)
	if len(parts) == 2 && parts[0] != "pg_catalog" || len(parts) > 2 {
		return 0, false
	}
	typ, ok := castTypes[parts[len(parts)-1]]
	return typ, ok
}

func readCast(c *pg_query.TypeCast) (value, bool) {
	typ, ok := castType(c.TypeName)
	v, also := readValue(c.Arg)
	if !ok || !also {
		return value{}, false
	}
	v.lit = -1
	switch v.kind {
	case valueText, valueArg:
		if v.typ != 0 && v.typ != typ {
			return value{}, false
		}
		v.typ = typ
	case valueTyped:
		one, err := shardfunc.Assign(typ, -1, v.v)
		if err != nil {
			return value{}, false
		}
		v.v = one
	}
	return v, true
}

// fold computes + - * of integer constants, where nothing overflows an int4
// (what overflows, an error or not, depends on the types).
func fold(e *pg_query.A_Expr) (value, bool) {
	if e.Kind != pg_query.A_Expr_Kind_AEXPR_OP {
		return value{}, false
	}
	if e.Lexpr == nil {
		v, ok := readValue(e.Rexpr)
		_, op := split(e.Name)
		if ok = ok && v.kind == valueTyped && v.v.Type() == shardfunc.Int8 && op == "-" && v.v.Int64() > math.MinInt32; ok {
			v.v, v.lit = shardfunc.Int(-v.v.Int64()), -1
		}
		return v, ok
	}
	a, ok := readValue(e.Lexpr)
	b, also := readValue(e.Rexpr)
	if !ok || !also || a.kind != valueTyped || b.kind != valueTyped || a.v.Type() != shardfunc.Int8 || b.v.Type() != shardfunc.Int8 ||
		!isInt4(a.v.Int64()) || !isInt4(b.v.Int64()) {
		return value{}, false
	}
	n := int64(0)
	switch operator(e) {
	case "+":
		n = a.v.Int64() + b.v.Int64()
	case "-":
		n = a.v.Int64() - b.v.Int64()
	case "*":
		n = a.v.Int64() * b.v.Int64()
	default:
		return value{}, false
	}
	return value{kind: valueTyped, v: shardfunc.Int(n), lit: -1}, isInt4(n)
}

func isInt4(n int64) bool { return n >= math.MinInt32 && n <= math.MaxInt32 }

// outcome is what is known of a comparison of a column with a value.
type outcome uint8

// It matches the one value, nothing, or nobody knows; isNull is nothing, but
// for IS NOT DISTINCT FROM.
const (
	unknown outcome = iota
	matches
	nothing
	isNull
)

// eval is the value that a column of type t has if it equals v.
func (v *value) eval(t shardfunc.Type, args []plan.Arg) (shardfunc.Value, outcome) {
	one, err := v.typed(t, args)
	switch {
	case err != nil:
		return one, unknown
	case one.IsNull():
		return one, isNull
	}
	got, match, err := shardfunc.Convert(t, one)
	switch {
	case err != nil:
		return got, unknown
	case !match:
		return got, nothing
	}
	return got, matches
}

// typed is v itself; t is the type of what has none.
func (v *value) typed(t shardfunc.Type, args []plan.Arg) (shardfunc.Value, error) {
	if v.typ != 0 {
		t = v.typ
	}
	switch v.kind {
	case valueNull:
		return shardfunc.Null(t), nil
	case valueText:
		return shardfunc.FromText(t, v.text)
	case valueTyped:
		return v.v, nil
	}
	if v.arg > len(args) {
		return shardfunc.Value{}, shardfunc.ErrUnknown
	}
	a := &args[v.arg-1]
	if !v.sure && !a.Null && (a.OID == 0 || a.OID == unknownOID) {
		return shardfunc.Value{}, shardfunc.ErrUnknown
	}
	return argument(t, a, v.typ)
}

// unknownOID is the type that is no type yet (pg_type.dat).
const unknownOID = 705

// argument reads a parameter, which is of type t if the client did not say. A
// cast of a parameter gives it its type, or changes it.
func argument(t shardfunc.Type, a *plan.Arg, cast shardfunc.Type) (shardfunc.Value, error) {
	given := t
	if a.OID != 0 && a.OID != unknownOID {
		typ, ok := shardfunc.TypeOf(a.OID, true)
		if !ok {
			return shardfunc.Value{}, shardfunc.ErrUnknown
		}
		given = typ
	}
	if a.Null {
		return shardfunc.Null(given), nil
	}
	v, err := readBytes(given, a.Format, a.Value)
	if err != nil || cast == 0 || cast == given {
		return v, err
	}
	return shardfunc.Assign(cast, -1, v)
}

// readBytes keeps no copy of b: the value is for now only.
func readBytes(t shardfunc.Type, format int16, b []byte) (shardfunc.Value, error) {
	if format != 0 && !t.IsText() {
		return shardfunc.FromBinary(t, b)
	}
	return shardfunc.FromText(t, unsafe.String(unsafe.SliceData(b), len(b)))
}
