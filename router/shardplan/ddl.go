package shardplan

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v5"

	"github.com/wyeproxy/wye/router/plan"
)

// planUtility plans what is neither a query nor a change of rows. Definitions
// go to all shards, the lead shard first, so that they queue there.
func (a *Analysis) planUtility(s *statement, n *pg_query.Node, sql string) {
	if a.planSession(n) {
		return
	}
	a.writes = true
	if !a.definition(s, n) {
		a.maintenance(n)
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

// definition refuses what all shards cannot define alike. false: it is not
// about tables, indexes and views.
func (a *Analysis) definition(s *statement, n *pg_query.Node) bool {
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
	case *pg_query.Node_AlterObjectSchemaStmt:
		if r := n.AlterObjectSchemaStmt.Relation; r != nil && a.declared(s, r, nil) != nil {
			a.refuse(refusef("Change the configuration, and move it on each shard.", "table %q is declared by its name", r.Relname))
		}
	default:
		return false
	}
	return true
}

// maintenance refuses what cannot run in a transaction, which is how all
// shards run a statement or none, and what is not known.
func (a *Analysis) maintenance(n *pg_query.Node) {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_DropStmt:
		if n.DropStmt.Concurrent {
			a.outside("DROP INDEX CONCURRENTLY")
		}
	case *pg_query.Node_ReindexStmt:
		if slices.ContainsFunc(n.ReindexStmt.Params, func(n *pg_query.Node) bool { return n.GetDefElem().GetDefname() == "concurrently" }) ||
			n.ReindexStmt.Kind != pg_query.ReindexObjectType_REINDEX_OBJECT_INDEX && n.ReindexStmt.Kind != pg_query.ReindexObjectType_REINDEX_OBJECT_TABLE {
			a.outside("REINDEX CONCURRENTLY or of a whole database")
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
