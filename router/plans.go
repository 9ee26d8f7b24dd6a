package router

import (
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/router/plan"
)

// plans makes the plans that v can lead to.
func (v *Verdict) plans() {
	if v.Hint.Bad != "" {
		v.badHint = reject(pgerror.Newf(pgerror.InvalidParameterValue, "hint to wye not understood: %s", v.Hint.Bad).
			WithHint("A hint has the words role=primary, role=replica, max_staleness=500ms and, on a sharded cluster, shard=NAME."))
	}
	if v.ReadOnly {
		v.replica = &plan.Direct{Role: plan.Replica, Why: v.Why}
		return
	}
	v.primary = &plan.Direct{Role: plan.Primary, Why: v.Why}
	if v.Hint.Role == "replica" {
		v.vouch()
	}
	if v.command != "" {
		v.refused = reject(pgerror.Newf(pgerror.ReadOnlySQLTransaction, "cannot execute %s in a read-only route", v.command).
			WithHint("This user or listener has route: replica. Use one with route: auto or primary to write."))
	}
	if v.Acts {
		v.misplaced = reject(pgerror.Newf(pgerror.FeatureNotSupported, "cannot execute this in a read-only transaction on a replica: %s", v.Why).
			WithHint("No other server would know of it. Begin the transaction with /* wye: role=primary */ BEGIN."))
	}
}

// vouch: whoever wrote the hint knows what the functions do, but what
// certainly writes cannot be meant for a replica.
func (v *Verdict) vouch() {
	v.vouched = &plan.Direct{Role: plan.Replica, Why: "hint role=replica, not proven: " + v.Why}
	if v.command != "" {
		v.vouched = reject(pgerror.Newf(pgerror.ReadOnlySQLTransaction, "cannot execute %s with hint role=replica", v.command).
			WithHint("Leave the hint out, or say role=primary."))
	}
}

func reject(err *pgerror.Error) *plan.Reject { return &plan.Reject{Err: err} }

func unknownRole(role string) *plan.Reject {
	return reject(pgerror.Newf(pgerror.InvalidParameterValue, "invalid value for parameter \"wye.role\": \"%s\"", role).
		WithHint("Available values: auto, primary, replica."))
}
