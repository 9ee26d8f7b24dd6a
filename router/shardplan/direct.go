package shardplan

import (
	"bytes"
	"unsafe"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// Program routes texts of one shape by the one literal that is the sharding
// key, without parsing them. It is immutable.
type Program struct {
	p       *Planner
	key     program
	literal int
}

// Direct is the Program of the text that was analyzed, if it has one: it goes
// to the shard of one literal, and as it is, whatever that literal is.
func (a *Analysis) Direct() (*Program, bool) { return a.direct, a.direct != nil }

// Literal is which literal of a text the key is, from 0, in the lexer's order.
func (d *Program) Literal() int { return d.literal }

// Route is the plan of a text of the same shape: one for which
// [sqlparse.Reader.Read] gives the same Statement. false: it must be analyzed
// itself. It takes no memory for the usual literals. Options that name a hint
// are not for it.
func (d *Program) Route(sql []byte, role plan.Role) (plan.Plan, bool) {
	text, kind, ok := sqlparse.Literal(sql, d.literal)
	if !ok {
		return nil, false
	}
	one := d.key.keys[0]
	if !one.read(text, kind) {
		return nil, false
	}
	v, what := one.shard(nil)
	switch {
	case what == nothing || what == isNull:
		return d.p.any[role], true
	case what != matches:
		return nil, false
	}
	values := keyBuffers.Get().(*[shards.MaxKeys]shardfunc.Value)
	values[0] = v
	shard, err := d.p.shardMap.Locate(d.key.table, values[:1])
	giveBack(values)
	if err != nil {
		return nil, false
	}
	return d.p.direct[role][shard], true
}

// read puts a literal's value in the place of k's.
func (k *key) read(text []byte, kind byte) bool {
	switch {
	case k.kind == valueText && kind == sqlparse.LiteralString:
		inner, ok := unquote(text)
		k.text = inner
		return ok
	case k.kind == valueTyped && (kind == sqlparse.LiteralInt || kind == sqlparse.LiteralNumber):
		v, err := numberValue(unsafe.String(unsafe.SliceData(text), len(text)))
		k.v = v
		return err == nil
	}
	return false
}

// unquote is what a string in plain quotes says; false for those with quotes
// inside, and for other kinds.
func unquote(text []byte) (string, bool) {
	if len(text) < 2 || text[0] != '\'' || text[len(text)-1] != '\'' {
		return "", false
	}
	text = text[1 : len(text)-1]
	return unsafe.String(unsafe.SliceData(text), len(text)), bytes.IndexByte(text, '\'') < 0
}

// findDirect looks for the one literal that decides. The statement must be one
// block: in others a literal may be the position of a column, which decides as
// well.
func (a *Analysis) findDirect(sql string, tree *pg_query.ParseResult) {
	if a.reject != nil || a.guarded() || a.set == nil || a.set.op != opKey || len(a.set.keys) != 1 || a.all || a.move != nil || !a.flat {
		return
	}
	k := a.set.keys[0]
	if k.distinct || k.lit < 0 || k.typ == 0 {
		return
	}
	switch tree.Stmts[0].Stmt.GetNode().(type) {
	case *pg_query.Node_SelectStmt, *pg_query.Node_UpdateStmt, *pg_query.Node_DeleteStmt:
	default:
		return
	}
	if i, ok := sqlparse.LiteralAt([]byte(sql), k.lit); ok {
		a.direct = &Program{p: a.p, key: *a.set, literal: i}
	}
}

func (a *Analysis) guarded() bool { return a.sequences != nil || a.unique != nil || a.triggers != nil }
