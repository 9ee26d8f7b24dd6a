package router

import (
	"github.com/wyeproxy/wye/router/plan"
	"github.com/wyeproxy/wye/router/sqlparse"
)

// Route is what a user or a listener is configured for: the whole of what
// comes in by it.
type Route uint8

// The routes. RouteReplica is for reads only: what certainly writes is
// refused, and all else is the replica's to refuse.
const (
	RouteAuto Route = iota
	RoutePrimary
	RouteReplica
)

// Facts are what the session knows that bears on where a statement goes.
type Facts struct {
	Route Route
	// Role is the session's wye.role, set by SET or SET LOCAL: "auto",
	// "primary", "replica", or "" if it is not set.
	Role string
	// ReadsPrimary: reads stay on the primary unless a hint or Role asks for a replica.
	ReadsPrimary bool

	InTx bool // after BEGIN, sent or not
	// Started: a server runs the transaction already; OnReplica: a replica does.
	Started, OnReplica bool
	ReadOnlyTx         bool // by BEGIN, SET TRANSACTION or the session's default
	// Serializable: so is this transaction, or any that begins now. A standby
	// refuses it.
	Serializable bool
	// Split: reads before the first write of a READ COMMITTED transaction may
	// go to a replica, outside of any transaction there. False as soon as the
	// transaction has settings or savepoints of its own, which are not there.
	Split bool

	DefaultReadOnly bool // default_transaction_read_only is on
	Pinned          bool // to a server conn of the primary
	TempObjects     bool // the session has, or may have, temporary objects
}

// These plans are the same for all statements.
var (
	pinned         = &plan.Direct{Role: plan.Primary, Why: "the session is pinned"}
	temporary      = &plan.Direct{Role: plan.Primary, Why: "the session has temporary objects"}
	serializable   = &plan.Direct{Role: plan.Primary, Why: "the transaction is serializable"}
	inTransaction  = &plan.Direct{Role: plan.Primary, Why: "in a transaction on the primary"}
	mayWrite       = &plan.Direct{Role: plan.Primary, Why: "the transaction may write"}
	splitRead      = &plan.Direct{Role: plan.Replica, Why: "reads only, before the transaction's first write"}
	onReplica      = &plan.Direct{Role: plan.Replica, Why: "in a read-only transaction on a replica"}
	readOnlyBegins = &plan.Direct{Role: plan.Replica, Why: "the transaction is read only"}
	hintPrimary    = &plan.Direct{Role: plan.Primary, Why: "hint role=primary"}
	setPrimary     = &plan.Direct{Role: plan.Primary, Why: "wye.role is primary"}
	routePrimary   = &plan.Direct{Role: plan.Primary, Why: "route primary"}
	routeReplica   = &plan.Direct{Role: plan.Replica, Why: "route replica"}
	snapshot       = &plan.Direct{Role: plan.Primary, Why: "it imports a snapshot"}
	readsPrimary   = &plan.Direct{Role: plan.Primary, Why: "reads go to the primary here"}
)

// Route says where st goes. It is total and pure, and allocates nothing for a
// statement that has been judged before. What comes first outweighs what
// follows: a transaction that runs, and a server conn the session is pinned
// to; a hint in the statement; wye.role; the route of listener or user; the
// verdict. No hint or setting makes of a route for reads one for writes.
func (r *Router) Route(st *sqlparse.Statement, f Facts) plan.Plan {
	v := r.Verdict(st)
	switch {
	case v.badHint != nil:
		return v.badHint
	case f.Role != "" && f.Role != "auto" && f.Role != "primary" && f.Role != "replica":
		return unknownRole(f.Role)
	case f.Route == RouteReplica:
		return v.readsOnly(&f)
	case f.InTx && f.Started:
		return v.started(&f)
	case f.Pinned:
		return pinned
	case f.TempObjects:
		return temporary
	case v.Hint.Role == "primary":
		return hintPrimary
	case v.Hint.Role == "replica" && !f.InTx && !v.ReadOnly && vouchable[st.Kind()]:
		return v.vouched
	case v.Hint.Role == "" && f.Role == "primary":
		return setPrimary
	case v.Hint.Role == "" && f.Role == "" && f.Route == RoutePrimary:
		return routePrimary
	case f.InTx || st.Kind() == sqlparse.KindBegin:
		return v.transaction(st.Kind(), &f)
	}
	return v.alone(&f)
}

// vouchable are the kinds for which a hint to a replica counts although they
// are not proven to read: whoever wrote the hint knows what the functions do.
var vouchable = map[sqlparse.Kind]bool{
	sqlparse.KindSelect: true, sqlparse.KindCopy: true, sqlparse.KindExplain: true, sqlparse.KindShow: true,
	sqlparse.KindInsert: true, sqlparse.KindUpdate: true, sqlparse.KindDelete: true, sqlparse.KindMerge: true,
	sqlparse.KindDDL: true, sqlparse.KindUtility: true, sqlparse.KindNotify: true, sqlparse.KindMulti: true,
}

// readsOnly is the plan on a route for reads. What certainly writes is
// refused; what may write is a replica's to refuse. A read may ask for the
// primary.
func (v *Verdict) readsOnly(f *Facts) plan.Plan {
	switch {
	case v.refused != nil:
		return v.refused
	case f.InTx && f.Started && !f.OnReplica:
		return inTransaction
	case f.InTx, f.Pinned, !v.ReadOnly:
		return routeReplica
	case v.Hint.Role == "primary":
		return hintPrimary
	case v.Hint.Role == "" && f.Role == "primary":
		return setPrimary
	}
	return routeReplica
}

// started is the plan in a transaction that a server runs already: there it
// stays. On a replica nothing may run that would act on that server alone.
func (v *Verdict) started(f *Facts) plan.Plan {
	switch {
	case !f.OnReplica:
		return inTransaction
	case v.misplaced != nil:
		return v.misplaced
	}
	return onReplica
}

// transaction is the plan for BEGIN, and for what comes after it until a
// server runs the transaction.
func (v *Verdict) transaction(kind sqlparse.Kind, f *Facts) plan.Plan {
	readOnly, isolated := f.ReadOnlyTx, f.Serializable
	if kind == sqlparse.KindBegin && !f.InTx {
		readOnly = f.DefaultReadOnly
	}
	if !v.Mode.Session {
		readOnly = (readOnly || v.Mode.ReadOnly) && !v.Mode.ReadWrite
		if v.Mode.Isolation != "" {
			isolated = v.Mode.Isolation == "serializable"
		}
	}
	switch {
	case isolated:
		return serializable
	case v.Mode.Snapshot:
		return snapshot
	case !v.ReadOnly && !opens[kind]:
		return v.primary
	case v.readsStay(f):
		return readsPrimary
	case readOnly:
		return readOnlyBegins
	case f.Split && v.ReadOnly && !v.PerTransaction:
		return splitRead
	}
	return mayWrite
}

// opens are the kinds that a transaction can begin with before it is known
// what it does: any server will do for them.
var opens = map[sqlparse.Kind]bool{
	sqlparse.KindBegin: true, sqlparse.KindCommit: true, sqlparse.KindRollback: true, sqlparse.KindSavepoint: true,
	sqlparse.KindReleaseSavepoint: true, sqlparse.KindRollbackTo: true, sqlparse.KindSet: true, sqlparse.KindEmpty: true,
}

// alone is the plan outside of a transaction, where only the verdict counts.
func (v *Verdict) alone(f *Facts) plan.Plan {
	switch {
	case !v.ReadOnly:
		return v.primary
	case f.Serializable:
		return serializable
	case v.readsStay(f):
		return readsPrimary
	}
	return v.replica
}

// readsStay: reads do not go to replicas here unless asked to, and nobody asks.
func (v *Verdict) readsStay(f *Facts) bool {
	return f.ReadsPrimary && f.Role != "replica" && v.Hint.Role != "replica"
}
