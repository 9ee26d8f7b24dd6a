// Package router decides where a statement goes: to the primary, to a
// replica, or nowhere.
//
// It owns the proof that a statement is a read ([Router.Verdict]): every
// relation, function, operator, type and clause in it is looked up in the
// catalog snapshot, views, policies, defaults and the source of functions
// behind them included; what is not known goes to the primary. It owns the
// order in which hints, settings and routes override each other
// ([Router.Route]), and the list of shapes that a replica refused after all.
//
// It never asks a server, never looks at a clock, never reads literals: a
// verdict holds for all statements of one shape. It never knows search_path:
// a name without a schema is a read only if every object of that name is.
//
// What it does not see, and trusts: the volatility that an extension declares
// for its functions; C code; that a snapshot is not older than the last DDL.
// 'now' as a literal is taken for a constant by PerTransaction.
//
// Where to look: a read that goes to the primary, EXPLAIN ROUTE says which
// name; a write that got past, judge.go and what it calls; which override
// won, route.go; functions of PostgreSQL itself, package catalog's unsafe.go.
package router
