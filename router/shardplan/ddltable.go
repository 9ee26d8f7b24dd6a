package shardplan

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// declared is what the map says of a table that a definition names: its own
// name's, or its parent's.
func (a *Analysis) declared(s *statement, v *pg_query.RangeVar, parents []*pg_query.Node) *shards.Table {
	in := s.searchPath
	if v.Schemaname != "" {
		in = []string{v.Schemaname}
	}
	for _, schema := range in {
		if t := a.p.shardMap.Table(schema, v.Relname); t != nil {
			return t
		}
		if r := a.p.snapshot.Resolve([]string{schema}, "", v.Relname); r != nil {
			return a.p.table(r)
		}
	}
	for _, n := range parents {
		return a.declared(s, n.GetRangeVar(), nil)
	}
	return nil
}

func (a *Analysis) createTable(s *statement, stmt *pg_query.CreateStmt) {
	name := stmt.Relation.Relname
	if stmt.Relation.Relpersistence == "t" {
		a.refuse(refusef("Create it as a reference table, or use WITH.", "temporary tables are not supported on a sharded cluster"))
		return
	}
	t := a.declared(s, stmt.Relation, stmt.InhRelations)
	switch {
	case t == nil:
		a.refuse(refusef(hintDeclare, "table %q is not declared as sharded, reference or single", name))
		return
	case t.Kind != shards.Sharded:
		a.referenceKeys(t, stmt)
		return
	}
	defined, notNull := map[string]bool{}, map[string]bool{}
	for _, n := range stmt.TableElts {
		if c := n.GetColumnDef(); c != nil {
			defined[c.Colname] = true
			notNull[c.Colname] = notNull[c.Colname] || c.IsNotNull
			for _, con := range c.Constraints {
				a.constraint(t, con.GetConstraint(), []string{c.Colname})
				k := con.GetConstraint().GetContype()
				notNull[c.Colname] = notNull[c.Colname] || k == pg_query.ConstrType_CONSTR_NOTNULL || k == pg_query.ConstrType_CONSTR_PRIMARY
			}
		}
		if con := n.GetConstraint(); con != nil {
			a.constraint(t, con, nil)
			if con.Contype == pg_query.ConstrType_CONSTR_PRIMARY {
				for _, k := range names(con.Keys) {
					notNull[k] = true
				}
			}
		}
	}
	for _, k := range t.Keys {
		plain := len(stmt.InhRelations) == 0 && stmt.OfTypename == nil && !slices.ContainsFunc(stmt.TableElts, func(n *pg_query.Node) bool { return n.GetTableLikeClause() != nil })
		if plain && a.reject == nil && (!defined[k] || !notNull[k]) {
			a.refuse(refusef("", "sharded table %q needs the column %q of its sharding key, NOT NULL", name, k))
		}
	}
}

// constraint checks one of a sharded table. column is that of a constraint of a
// column.
func (a *Analysis) constraint(t *shards.Table, c *pg_query.Constraint, column []string) {
	columns := column
	if len(c.Keys) > 0 {
		columns = names(c.Keys)
	}
	var what string
	switch c.Contype {
	case pg_query.ConstrType_CONSTR_PRIMARY:
		what = "PRIMARY KEY"
	case pg_query.ConstrType_CONSTR_UNIQUE:
		what = "UNIQUE"
	case pg_query.ConstrType_CONSTR_EXCLUSION:
		what = "EXCLUDE"
		for _, n := range c.Exclusions {
			columns = append(columns, n.GetList().GetItems()[0].GetIndexElem().GetName())
		}
	case pg_query.ConstrType_CONSTR_FOREIGN:
		a.foreignKey(t, c, column)
		return
	default:
		return
	}
	if c.Indexname == "" && !includes(columns, t.Keys) {
		a.notGlobal(what, t)
	}
}

func (a *Analysis) notGlobal(what string, t *shards.Table) {
	if a.unique == nil {
		a.unique = refusef("Add "+strings.Join(t.Keys, ", ")+" to it, or set sharding.trust_unique if its values are unique for another reason.",
			"%s of sharded table %q must include the sharding key", what, t.Name).plan()
	}
}

// foreignKey: what a row refers to must be on its shard.
func (a *Analysis) foreignKey(t *shards.Table, c *pg_query.Constraint, column []string) {
	to := a.p.shardMap.Table(c.Pktable.Schemaname, c.Pktable.Relname)
	own, at := column, names(c.PkAttrs)
	if len(c.FkAttrs) > 0 {
		own = names(c.FkAttrs)
	}
	switch {
	case to == nil:
		a.refuse(refusef(hintDeclare, "table %q is not declared as sharded, reference or single", c.Pktable.Relname))
	case to.Kind == shards.Reference:
	case to.Kind == shards.Single || to.Group != t.Group:
		a.refuse(refusef("", "a foreign key of sharded table %q to %q, which is not sharded by the same map, is not supported", t.Name, to.Name))
	case len(at) == 0: // its primary key, which includes its sharding key if the columns do
		if !includes(own, t.Keys) {
			a.refuse(refusef("Add the sharding key to it.", "a foreign key between sharded tables must include the sharding key"))
		}
	default:
		for i, k := range t.Keys {
			j := slices.Index(own, k)
			if j < 0 || j >= len(at) || at[j] != to.Keys[i] {
				a.refuse(refusef("Add the sharding key to it.", "a foreign key between sharded tables must include the sharding key"))
				return
			}
		}
	}
}

// referenceKeys refuses foreign keys of a table that is not sharded to one
// that is.
func (a *Analysis) referenceKeys(t *shards.Table, stmt *pg_query.CreateStmt) {
	rewrite.Walk(stmt, func(m proto.Message) bool {
		c, ok := m.(*pg_query.Constraint)
		if !ok || c.Contype != pg_query.ConstrType_CONSTR_FOREIGN {
			return true
		}
		to := a.p.shardMap.Table(c.Pktable.Schemaname, c.Pktable.Relname)
		if to == nil || to.Kind != shards.Reference && (to.Kind != t.Kind || to.Home != t.Home) {
			a.refuse(refusef("", "a foreign key of %s table %q to %q, which is not on every shard, is not supported", t.Kind, t.Name, c.Pktable.Relname))
		}
		return true
	})
}

func (a *Analysis) alterTable(s *statement, stmt *pg_query.AlterTableStmt) {
	if stmt.Objtype != pg_query.ObjectType_OBJECT_TABLE {
		return
	}
	t := a.declared(s, stmt.Relation, nil)
	if t != nil && t.Kind != shards.Single {
		for _, n := range stmt.Cmds {
			a.fills(t, n.GetAlterTableCmd())
		}
	}
	if t == nil || t.Kind != shards.Sharded {
		return
	}
	for _, n := range stmt.Cmds {
		c := n.GetAlterTableCmd()
		switch c.Subtype {
		case pg_query.AlterTableType_AT_AddConstraint:
			a.constraint(t, c.Def.GetConstraint(), nil)
		case pg_query.AlterTableType_AT_AddColumn:
			for _, con := range c.Def.GetColumnDef().GetConstraints() {
				a.constraint(t, con.GetConstraint(), []string{c.Def.GetColumnDef().Colname})
			}
		case pg_query.AlterTableType_AT_DropColumn, pg_query.AlterTableType_AT_AlterColumnType, pg_query.AlterTableType_AT_DropNotNull:
			if slices.Contains(t.Keys, c.Name) {
				a.refuse(refusef("", "column %q is the sharding key of %q, and cannot be dropped, retyped or made nullable", c.Name, t.Name))
			}
		case pg_query.AlterTableType_AT_DetachPartition:
			if c.Def.GetPartitionCmd().GetConcurrent() {
				a.outside("DETACH PARTITION CONCURRENTLY")
			}
		}
	}
}

func (a *Analysis) createIndex(s *statement, stmt *pg_query.IndexStmt) {
	if stmt.Concurrent {
		a.outside("CREATE INDEX CONCURRENTLY")
		return
	}
	t := a.declared(s, stmt.Relation, nil)
	if t == nil || t.Kind != shards.Sharded || !stmt.Unique {
		return
	}
	var columns []string
	for _, n := range stmt.IndexParams {
		columns = append(columns, n.GetIndexElem().GetName())
	}
	if !includes(columns, t.Keys) {
		a.notGlobal("UNIQUE index", t)
	}
}

func (a *Analysis) rename(s *statement, stmt *pg_query.RenameStmt) {
	if stmt.Relation == nil {
		return
	}
	t := a.declared(s, stmt.Relation, nil)
	switch {
	case t == nil:
	case stmt.RenameType == pg_query.ObjectType_OBJECT_TABLE:
		a.refuse(refusef("Change the configuration, and rename it on each shard.", "table %q is declared by its name", t.Name))
	case stmt.RenameType == pg_query.ObjectType_OBJECT_COLUMN && slices.Contains(t.Keys, stmt.Subname):
		a.refuse(refusef("", "column %q is the sharding key of %q, and cannot be renamed", stmt.Subname, t.Name))
	}
}
