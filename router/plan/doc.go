// Package plan holds what the router decided, as plain data that prints
// itself: the same text stands in EXPLAIN ROUTE, in `wye explain` and in the
// golden files of testdata/plan.
//
// It never decides and never runs anything: package router makes plans,
// proxy/session carries them out.
//
// scatter.go has the plans that read several shards, write.go those that
// write, copy.go those of COPY, plan.go all others.
//
// Where to look: a plan that is wrong, package router or router/shardplan; a
// plan that reads badly, its String.
package plan
