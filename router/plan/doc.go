// Package plan holds what the router decided, as plain data that prints
// itself: the same text stands in EXPLAIN ROUTE, in `wye explain` and in the
// golden files of testdata/plan.
//
// It never decides and never runs anything: package router makes plans,
// proxy/session carries them out.
//
// Where to look: a plan that is wrong, package router; a plan that reads
// badly, plan.go.
package plan
