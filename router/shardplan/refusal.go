package shardplan

import (
	"fmt"

	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
)

// refusal says why a statement has no plan.
type refusal struct {
	code    string // "" is 0A000, feature_not_supported
	message string
	detail  string
	hint    string
	// gather: moving the rows to one PostgreSQL would answer it.
	gather bool
}

func refusef(hint, format string, args ...any) *refusal {
	return &refusal{message: fmt.Sprintf(format, args...), hint: hint}
}

func (r *refusal) plan() *plan.Reject {
	code, hint := r.code, r.hint
	if code == "" {
		code = "0A000"
	}
	if hint == "" { // a refusal that names no way out would be a dead end
		hint = hintOneShard
	}
	return &plan.Reject{Err: &pgerror.Error{Severity: "ERROR", Code: code, Message: r.message, Detail: r.detail, Hint: hint}}
}

// Hints that several refusals share.
const (
	hintOneShard   = "Give the sharding key, so that the statement concerns one shard."
	hintCurrent    = "Name the row by its keys."
	hintGather     = "SET wye.gather = on moves the rows to one server and runs the statement there."
	hintDeclare    = "Declare it under tables in the configuration: with a map and a key, as a reference table, or on one shard."
	hintOneByOne   = "Send the statements one by one."
	hintEachShard  = "Run it on each shard, connected to its servers directly."
	hintGiveValues = "Give the value in the statement."
)

// hintSystem is what to do without a system column.
func hintSystem(name string) string {
	if name == "tableoid" {
		return "Write tableoid::regclass::text: a table has one name on all shards, but not one number."
	}
	return hintOneShard
}
