package commit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// State is how a transaction ended, on all of its shards.
type State uint8

// Unknown is for now only: it is one of the others, and Recovery will see to
// it that it is the same one on all shards.
const (
	RolledBack State = iota
	Committed
	Unknown
)

// String is "committed", "rolled back" or "unknown".
func (s State) String() string {
	return [...]string{RolledBack: "rolled back", Committed: "committed", Unknown: "unknown"}[s]
}

// Outcome is what Commit made of a transaction. No transaction is open any
// more on a connection that is not Broken.
type Outcome struct {
	State State
	// Err is for the client; nil when, and only when, State is Committed.
	Err *pgerror.Error
	// Broken are the shards whose connection must not be used any more.
	Broken []int
	// Name is that of the distributed transaction, "" when one shard wrote.
	Name string
	// Left counts the prepared transactions that are left to Recovery.
	Left int
}

func failed(err *pgerror.Error) Outcome { return Outcome{State: RolledBack, Err: err} }

// errFailedTx: COMMIT or PREPARE TRANSACTION answered ROLLBACK.
var errFailedTx = pgerror.New(pgerror.InFailedSQLTransaction, "the transaction was rolled back: it had failed on one of its shards")

// errCanceled: before anything was decided.
var errCanceled = pgerror.New(pgerror.QueryCanceled, "canceling statement due to user request")

// errUnknown: the decision was sent, and who could tell is not there.
var errUnknown = pgerror.New(pgerror.TransactionOutcomeUnknown, "the outcome of the transaction is not known: the shard that decides was lost during COMMIT").
	WithHint("it is or will be committed on all of its shards or on none; look for what it wrote before running it again")

// errUnknownSingle: the only writer was lost in its COMMIT.
func errUnknownSingle(shard int) *pgerror.Error {
	return pgerror.Newf(pgerror.TransactionOutcomeUnknown, "the outcome of the transaction is not known: shard %d was lost during COMMIT", shard).
		WithHint("look for what it wrote before running it again")
}

// errLost: a shard went away, or hung, before the decision.
func errLost(shard int, doing string, limit time.Duration, err error) *pgerror.Error {
	detail := fmt.Sprintf("shard %d: connection lost in %s", shard, doing)
	var fatal *pgerror.Error
	switch {
	case errors.As(err, &fatal):
		detail += ": " + fatal.Message
	case errors.Is(err, context.DeadlineExceeded):
		detail = fmt.Sprintf("shard %d: no answer to %s within %v", shard, doing, limit)
	}
	return pgerror.New(pgerror.SerializationFailure, "the transaction was rolled back: a shard was lost before it was committed").
		WithDetail(detail).WithHint("run the transaction again")
}

// refusal is what the client is told of a server's error before the
// decision. It stays the server's, with a hint where sharding is the reason.
func refusal(arrow Arrow, e *pgerror.Error) *pgerror.Error {
	switch {
	case arrow == ArrowDecide && e.Code == pgerror.UniqueViolation:
		return pgerror.New(pgerror.SerializationFailure, "the transaction was rolled back: its commit was held up, and recovery took it for abandoned").
			WithHint("run the transaction again")
	case arrow == ArrowDecide && (e.Code == pgerror.InvalidCatalogName || e.Code == "3F000" || e.Code == "42883"):
		return e.WithHint("the schema wye is not set up on this shard: wye does that when it starts, with a role that may create it")
	case arrow != ArrowPrepare || e.Hint != "":
		return e
	case e.Code == pgerror.FeatureNotSupported:
		return e.WithHint("the transaction wrote on several shards, which are committed by two phases; do this in a transaction that writes on one shard")
	case e.Code == pgerror.ObjectNotInPrerequisiteStat, e.Code == pgerror.OutOfMemory:
		return e.WithHint("raise max_prepared_transactions on every shard; it takes a restart")
	}
	return e
}
