package shardplan

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"
	"google.golang.org/protobuf/proto"

	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/rewrite"
	"github.com/wyeproxy/wye/shards"
)

// planUtility plans what is neither a query nor a change of rows. Definitions
// go to all shards, the lead shard first, so that they queue there.
func (a *Analysis) planUtility(s *statement, n *pg_query.Node, sql string) {
	if a.planSession(n) {
		return
	}
	a.writes = true
	switch n := n.GetNode().(type) {
	case *pg_query.Node_CreateStmt:
		a.createTable(s, n.CreateStmt)
	case *pg_query.Node_AlterTableStmt:
		a.alterTable(s, n.AlterTableStmt)
	case *pg_query.Node_IndexStmt:
		a.createIndex(s, n.IndexStmt)
	case *pg_query.Node_RenameStmt:
		a.rename(s, n.RenameStmt)
	case *pg_query.Node_ViewStmt:
		if n.ViewStmt.View.Relpersistence == "t" {
			a.refuse(refusef("", "temporary views are not supported on a sharded cluster"))
		}
	case *pg_query.Node_CreateTableAsStmt:
		a.refuse(refusef("Create the table, then INSERT ... SELECT.", "CREATE TABLE AS and materialized views are not supported on a sharded cluster"))
	case *pg_query.Node_RefreshMatViewStmt:
		a.refuse(refusef("", "materialized views are not supported on a sharded cluster"))
	case *pg_query.Node_DropStmt:
		if n.DropStmt.Concurrent {
			a.outside("DROP INDEX CONCURRENTLY")
		}
	case *pg_query.Node_ReindexStmt:
		if slices.ContainsFunc(n.ReindexStmt.Params, func(n *pg_query.Node) bool { return n.GetDefElem().GetDefname() == "concurrently" }) ||
			n.ReindexStmt.Kind != pg_query.ReindexObjectType_REINDEX_OBJECT_INDEX && n.ReindexStmt.Kind != pg_query.ReindexObjectType_REINDEX_OBJECT_TABLE {
			a.outside("REINDEX CONCURRENTLY or of a whole database")
		}
	case *pg_query.Node_AlterObjectSchemaStmt:
		if r := n.AlterObjectSchemaStmt.Relation; r != nil && a.declared(s, r, nil) != nil {
			a.refuse(refusef("Change the configuration, and move it on each shard.", "table %q is declared by its name", r.Relname))
		}
	case *pg_query.Node_VacuumStmt:
		if n.VacuumStmt.IsVacuumcmd {
			a.outside("VACUUM")
		}
	case *pg_query.Node_ClusterStmt:
		a.outside("CLUSTER")
	default:
		if name, ok := outsideTransactions[nodeName(n)]; ok {
			a.outside(name)
		} else if !everywhereKinds[nodeName(n)] {
			a.refuse(refusef("", "the statement is not supported on a sharded cluster"))
		}
	}
	if s.refused != nil && a.reject == nil {
		a.refuse(s.refused)
	}
	if a.reject != nil || a.lead {
		return
	}
	a.all, a.set = true, constant(a.p.everyShard())
	a.broadcast = &plan.Broadcast{Parts: []plan.Part{{Leg: plan.Leg{SQL: strings.TrimRight(sql, "; \t\r\n")}}}, Tally: plan.TallyNone, Lead: true, Why: "all shards have the same definitions"}
}

// planSession plans what is about the session and its transaction. false: it is
// something else.
func (a *Analysis) planSession(n *pg_query.Node) bool {
	switch n.GetNode().(type) {
	case *pg_query.Node_TransactionStmt, *pg_query.Node_VariableSetStmt, *pg_query.Node_VariableShowStmt, *pg_query.Node_DiscardStmt,
		*pg_query.Node_DeallocateStmt, *pg_query.Node_ConstraintsSetStmt, *pg_query.Node_FetchStmt, *pg_query.Node_ClosePortalStmt:
		a.any = true // the session sees to all shards that take part
	case *pg_query.Node_ListenStmt, *pg_query.Node_NotifyStmt, *pg_query.Node_UnlistenStmt:
		a.lead, a.writes = true, true
	case *pg_query.Node_PrepareStmt, *pg_query.Node_ExecuteStmt: // alone, the session sees to them
		a.refuse(refusef("Send it by itself.", "PREPARE and EXECUTE inside or beside other statements are not supported on a sharded cluster"))
	case *pg_query.Node_DoStmt, *pg_query.Node_CallStmt:
		a.hintable, a.writes = true, true
		a.refuse(refusef("Send its statements one by one, or run it on one shard by a hint.", "DO and CALL are not supported on a sharded cluster: they may read or write on other shards"))
	default:
		return false
	}
	return true
}

func (a *Analysis) outside(what string) {
	a.refuse(refusef(hintEachShard, "%s cannot run in a transaction, and so not on several shards at once", what))
}

// nodeName is the name of a node's type: "TruncateStmt".
func nodeName(n any) string {
	return strings.TrimPrefix(fmt.Sprintf("%T", n), "*pg_query.Node_")
}

// outsideTransactions are statements that no transaction may hold.
var outsideTransactions = map[string]string{
	"CreatedbStmt": "CREATE DATABASE", "DropdbStmt": "DROP DATABASE", "AlterSystemStmt": "ALTER SYSTEM", "CreateTableSpaceStmt": "CREATE TABLESPACE",
	"DropTableSpaceStmt": "DROP TABLESPACE", "AlterDatabaseRefreshCollStmt": "ALTER DATABASE", "CreateSubscriptionStmt": "CREATE SUBSCRIPTION",
	"AlterSubscriptionStmt": "ALTER SUBSCRIPTION", "DropSubscriptionStmt": "DROP SUBSCRIPTION",
}

// everywhereKinds are statements that mean the same on every shard.
var everywhereKinds = func() map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(`TruncateStmt DropStmt ViewStmt CreateSchemaStmt CreateSeqStmt AlterSeqStmt CreateFunctionStmt AlterFunctionStmt
		CreateExtensionStmt AlterExtensionStmt AlterExtensionContentsStmt CreateEnumStmt AlterEnumStmt CompositeTypeStmt CreateRangeStmt AlterTypeStmt
		CreateDomainStmt AlterDomainStmt DefineStmt CreateCastStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt AlterOperatorStmt
		CreateConversionStmt CreateTransformStmt CreateTrigStmt CreateEventTrigStmt AlterEventTrigStmt RuleStmt CreatePolicyStmt AlterPolicyStmt
		GrantStmt GrantRoleStmt AlterDefaultPrivilegesStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt AlterDatabaseStmt AlterDatabaseSetStmt
		DropOwnedStmt ReassignOwnedStmt AlterOwnerStmt AlterObjectSchemaStmt AlterObjectDependsStmt CommentStmt SecLabelStmt LockStmt CreateStatsStmt
		AlterStatsStmt AlterCollationStmt CreateAmStmt CreatePlangStmt AlterTsdictionaryStmt AlterTsconfigurationStmt VacuumStmt ReindexStmt RenameStmt
		CreateFdwStmt AlterFdwStmt CreateForeignServerStmt AlterForeignServerStmt CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt
		CreateForeignTableStmt CreatePublicationStmt AlterPublicationStmt IndexStmt AlterTableStmt CreateStmt`) {
		set[name] = true
	}
	return set
}()

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
