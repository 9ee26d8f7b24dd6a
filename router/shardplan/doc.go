// Package shardplan decides what one statement means on a cluster of shards:
// which shards it concerns, whether each can run it on its own rows alone,
// and what puts their answers together.
//
// [New] makes a Planner of the catalog of the lead shard and the shard map;
// Analyze takes one text apart, once; Analysis.Plan computes the shards of one
// execution of it, from its arguments. A Planner and an Analysis never change.
//
// How a statement goes through: bind.go, bindinsert.go and from.go resolve its
// names, into blocks (one per SELECT in it) and items of FROM; facts.go keeps
// what holds for all rows that matter (conditions, and columns that are equal);
// setof.go and setoflist.go make of these the shards of each relation, as a
// program that program.go runs; align.go tells whether rows that meet stand on
// one shard; select.go, planinsert.go (insertrows.go, insertselect.go),
// change.go, copy.go and ddl.go (ddltable.go) make plans, for one execution by
// execution.go and, of rows, insert.go; multi.go finds the way over several
// shards, with what runs first (standalone.go, parts.go); what must be known
// before a write is for changeafter.go (sub-queries), carry.go (rows of other
// shards) and evaluate.go (a row whose key is computed).
//
// What need not be analyzed again: direct.go routes a text of a shape that is
// known, template.go plans one, by the literals that lift.go has found not to
// matter.
//
// Two ideas carry all of it. A relation's set of shards: the rows on others
// do not change the answer. If that is one shard for all relations, the
// statement runs there as it is. Alignment: what each shard computes of its
// own rows, put together, is what one PostgreSQL would have computed.
//
// It never sees a server and never guesses: what it does not know to be right
// it refuses, with a reason that names the relation or the clause.
//
// Where to look: a wrong shard, value.go and setof.go; an answer that is
// missing rows, facts.go and align.go; a refusal that should not be,
// testdata/plan/unsupported.
package shardplan
