package shardplan

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/shards"
)

// serialTypes are the names of types that are a sequence too
// (transformColumnDefinition in src/backend/parser/parse_utilcmd.c).
var serialTypes = []string{"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"}

// fills guards an ALTER TABLE that computes a column of the rows that are
// there: each shard would count, or draw, or look at the clock for itself.
func (a *Analysis) fills(t *shards.Table, c *pg_query.AlterTableCmd) {
	def := c.GetDef().GetColumnDef()
	if def == nil || c.Subtype != pg_query.AlterTableType_AT_AddColumn && c.Subtype != pg_query.AlterTableType_AT_AlterColumnType {
		return
	}
	exprs := []*pg_query.Node{def.RawDefault}
	serial := slices.Contains(serialTypes, lastOf(names(def.GetTypeName().GetNames())))
	for _, n := range def.Constraints {
		con := n.GetConstraint()
		switch con.GetContype() {
		case pg_query.ConstrType_CONSTR_DEFAULT:
			exprs = append(exprs, con.RawExpr)
		case pg_query.ConstrType_CONSTR_IDENTITY:
			serial = true
		}
	}
	kind := callPure
	contains(exprs, func(m proto.Message) bool {
		switch m := m.(type) {
		case *pg_query.FuncCall:
			kind = max(kind, a.p.call(m).kind)
		case *pg_query.SQLValueFunction:
			if m.Op <= pg_query.SQLValueFunctionOp_SVFOP_LOCALTIMESTAMP_N {
				kind = max(kind, callNow)
			}
		}
		return false
	})
	name := def.Colname
	if name == "" {
		name = c.Name
	}
	const hint = "Add the column without it, UPDATE the rows, and set the default then."
	switch reference := t.Kind == shards.Reference; {
	case reference && (serial || kind > callPure):
		a.refuse(refusef(hint, "a new column %q of reference table %q that is not the same on every shard is not supported", name, t.Name))
	case serial || kind == callSequence:
		a.sequences = refusef(hint+" Or set sharding.local_sequences if the sequences of the shards never meet.",
			"the rows of column %q of %q would be numbered on each shard by itself", name, t.Name).plan()
	case kind == callNow:
		a.refuse(refusef(hint, "a new column %q of %q that takes the time is not supported: each shard would take another", name, t.Name))
	}
}

func lastOf(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[len(list)-1]
}
