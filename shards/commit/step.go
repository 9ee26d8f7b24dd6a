package commit

import "fmt"

// Arrow is one message to a shard that something depends on.
type Arrow string

// The arrows of a commit, in the order in which it may take them.
const (
	ArrowRead     Arrow = "commit reader" // COMMIT where nothing was written, before the decision or, late, after it
	ArrowPrepare  Arrow = "prepare"
	ArrowDecide   Arrow = "write decision"
	ArrowCommit   Arrow = "commit" // on the decider, or on the only shard that wrote
	ArrowAsk      Arrow = "ask decider"
	ArrowFinish   Arrow = "commit prepared"
	ArrowUndo     Arrow = "rollback prepared"
	ArrowRollback Arrow = "rollback"
)

// Step is a place where a test can hold a commit, or kill something: before
// an arrow leaves and after its answer has come.
type Step struct {
	Arrow Arrow
	Shard int
	Done  bool
}

// String is "before prepare on 2".
func (s Step) String() string {
	when := "before"
	if s.Done {
		when = "after"
	}
	return fmt.Sprintf("%s %s on %d", when, s.Arrow, s.Shard)
}
