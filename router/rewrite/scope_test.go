package rewrite

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"
)

// tables are those of testdata/sql/shapes_schema.sql.
var tables = map[string][]Column{
	"countries": {
		col("code", oidBpchar, "character(2)", 6), col("title", oidText, "text", -1), col("region", oidVarchar, "character varying(12)", 16),
	},
	"users": {
		key("user_id"), col("name", oidVarchar, "character varying(20)", 24), collated("email", `"C"`), col("note", oidText, "text", -1),
		collated("city", `"de-x-icu"`), col("country", oidBpchar, "character(2)", 6), col("score", oidNumeric, "numeric(10,2)", 655366),
		col("rating", oidFloat8, "double precision", -1), col("born", oidDate, "date", -1), col("active", oidBool, "boolean", -1),
		col("feel", 1<<20, "public.mood", -1), col("tags", 1007, "integer[]", -1), col("joined", oidTimestamptz, "timestamp(3) with time zone", 3),
		col("doc", 3802, "jsonb", -1),
	},
	"orders": {
		key("user_id"), col("id", oidInt4, "integer", -1), col("status", oidVarchar, "character varying(10)", 14),
		col("amount", oidNumeric, "numeric(12,2)", 786438), col("price", oidNumeric, "numeric", -1), col("qty", oidInt4, "integer", -1),
		col("small", oidInt2, "smallint", -1), col("big", oidInt8, "bigint", -1), col("weight", oidFloat8, "double precision", -1),
		col("placed", oidTimestamp, "timestamp without time zone", -1), col("took", oidInterval, "interval", -1), col("code", oidUUID, "uuid", -1),
		col("raw", oidBytea, "bytea", -1), col("paid", oidBool, "boolean", -1),
	},
	"events": {key("user_id"), col("kind", oidText, "text", -1), col("n", oidInt8, "bigint", -1), col("seen", oidDate, "date", -1),
		col("spot", 1<<20+1, "public.place", -1)},
}

func col(name string, oid uint32, typ string, typmod int32) Column {
	return Column{Name: name, TypeOID: oid, Type: typ, Typmod: typmod, DefaultCollation: true}
}

func key(name string) Column {
	c := col(name, oidInt8, "bigint", -1)
	c.Key = true
	return c
}

func collated(name, collation string) Column {
	c := col(name, oidText, "text", -1)
	c.DefaultCollation, c.Collation, c.CCollation = false, collation, collation == `"C"`
	return c
}

// flat is a Scope over tables. It knows FROM items, joins with USING and
// plain sub-queries, by name alone.
type flat struct {
	ctes map[string]*pg_query.SelectStmt
}

func newFlat(s *pg_query.SelectStmt) flat {
	f := flat{ctes: map[string]*pg_query.SelectStmt{}}
	Walk(s, func(m proto.Message) bool {
		if c, ok := m.(*pg_query.CommonTableExpr); ok {
			f.ctes[c.Ctename] = c.Ctequery.GetSelectStmt()
		}
		return true
	})
	return f
}

// source is one FROM item's columns.
type source struct {
	rel     string
	columns []Column
}

func (f flat) sources(n *pg_query.Node) (out []source, merged []string) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		columns, isTable := tables[n.RangeVar.Relname]
		if !isTable && f.ctes[n.RangeVar.Relname] != nil {
			columns = f.output(f.ctes[n.RangeVar.Relname])
		}
		rel := n.RangeVar.Relname
		if n.RangeVar.Alias != nil {
			rel = n.RangeVar.Alias.Aliasname
		}
		return []source{{rel, columns}}, nil
	case *pg_query.Node_RangeSubselect:
		return []source{{n.RangeSubselect.Alias.GetAliasname(), f.output(n.RangeSubselect.Subquery.GetSelectStmt())}}, nil
	case *pg_query.Node_JoinExpr:
		left, ml := f.sources(n.JoinExpr.Larg)
		right, mr := f.sources(n.JoinExpr.Rarg)
		switch n.JoinExpr.Jointype {
		case pg_query.JoinType_JOIN_LEFT:
			nullable(right)
		case pg_query.JoinType_JOIN_RIGHT:
			nullable(left)
		case pg_query.JoinType_JOIN_FULL:
			nullable(left)
			nullable(right)
		}
		return append(left, right...), append(append(ml, mr...), names(n.JoinExpr.UsingClause)...)
	}
	return nil, nil
}

func (f flat) output(s *pg_query.SelectStmt) []Column {
	columns, _ := Outputs(s, f)
	return columns
}

func (f flat) all(block *pg_query.SelectStmt) (out []source, merged []string) {
	for _, n := range block.FromClause {
		s, m := f.sources(n)
		out, merged = append(out, s...), append(merged, m...)
	}
	return out, merged
}

func (f flat) Column(ref *pg_query.ColumnRef, block *pg_query.SelectStmt) (Column, bool) {
	parts := names(ref.Fields)
	if len(parts) > 2 || isStar(ref) {
		return Column{}, false
	}
	name, rel := parts[len(parts)-1], ""
	if len(parts) == 2 {
		rel = parts[0]
	}
	all, merged := f.all(block)
	for _, s := range all {
		for _, c := range s.columns {
			if c.Name != name || rel != "" && s.rel != rel {
				continue
			}
			c.Rel = s.rel
			if rel == "" && slices.Contains(merged, name) {
				c.Rel = ""
			}
			return c, true
		}
	}
	return Column{}, false
}

func (f flat) Columns(star *pg_query.ColumnRef, block *pg_query.SelectStmt) (out []Column, ok bool) {
	all, merged := f.all(block)
	plain := len(star.Fields) == 1
	seen := map[string]bool{}
	if plain {
		for _, name := range merged {
			c, _ := f.Column(column(name).GetColumnRef(), block)
			out, seen[name] = append(out, c), true
		}
	}
	for _, s := range all {
		if len(s.columns) == 0 {
			return nil, false
		}
		for _, c := range s.columns {
			if (plain || s.rel == star.Fields[0].GetString_().GetSval()) && !seen[c.Name] {
				c.Rel = s.rel
				out = append(out, c)
			}
		}
	}
	return out, true
}

func (f flat) KeyGrouped(block *pg_query.SelectStmt, exprs []*pg_query.Node) bool {
	return slices.ContainsFunc(exprs, func(n *pg_query.Node) bool {
		ref := n.GetColumnRef()
		if ref == nil {
			return false
		}
		c, ok := f.Column(ref, block)
		return ok && c.Key
	})
}

func (f flat) Local(block *pg_query.SelectStmt) bool {
	sharded := false
	Walk(block, func(m proto.Message) bool {
		if r, ok := m.(*pg_query.RangeVar); ok {
			cte := f.ctes[r.Relname]
			sharded = sharded || cte != nil || tables[r.Relname] != nil && r.Relname != "countries"
		}
		return !sharded
	})
	return !sharded || f.tied(block.WhereClause, block)
}

// tied looks for a conjunct that makes a key equal to one from outside.
func (f flat) tied(n *pg_query.Node, block *pg_query.SelectStmt) bool {
	if b := n.GetBoolExpr(); b != nil && b.Boolop == pg_query.BoolExprType_AND_EXPR {
		return slices.ContainsFunc(b.Args, func(n *pg_query.Node) bool { return f.tied(n, block) })
	}
	e := n.GetAExpr()
	if e == nil || lastName(e.Name) != "=" || e.Lexpr.GetColumnRef() == nil || e.Rexpr.GetColumnRef() == nil {
		return false
	}
	l, lok := f.Column(e.Lexpr.GetColumnRef(), block)
	r, rok := f.Column(e.Rexpr.GetColumnRef(), block)
	return lok != rok && l.Key != r.Key && lastName(e.Lexpr.GetColumnRef().Fields) == "user_id" && lastName(e.Rexpr.GetColumnRef().Fields) == "user_id"
}

func (flat) Volatile(name []string, _ int) bool {
	return slices.Contains([]string{"random", "nextval", "clock_timestamp"}, name[len(name)-1])
}

func (flat) Recoded() bool { return false }

func (flat) Aggregate(name []string) (string, bool) {
	const known = " count sum avg min max bool_and bool_or every bit_and bit_or bit_xor variance var_samp var_pop stddev stddev_samp stddev_pop" +
		" string_agg array_agg json_agg jsonb_object_agg percentile_cont percentile_disc mode "
	own := name[len(name)-1]
	if strings.Contains(known, " "+own+" ") {
		return own, true
	}
	return "", false
}

// nullable takes the key from columns that an outer join may make NULL.
func nullable(all []source) {
	for i := range all {
		all[i].columns = slices.Clone(all[i].columns)
		for j := range all[i].columns {
			all[i].columns[j].Key = false
		}
	}
}
