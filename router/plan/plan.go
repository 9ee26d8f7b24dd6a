package plan

import "github.com/wyeproxy/wye/protocol/pgerror"

// Role says which servers of a cluster may run a statement.
type Role uint8

// The roles. Replica stands for any replica that is fresh enough, or the
// primary where there is none.
const (
	Primary Role = iota
	Replica
)

// String is "primary" or "replica".
func (r Role) String() string {
	if r == Replica {
		return "replica"
	}
	return "primary"
}

// Plan is what to do with one statement: *Direct or *Reject, and on a sharded
// cluster also *Scatter, *Broadcast, *Carry, *Move, *CopyIn or *CopyOut. Plans are
// immutable and shared between goroutines.
type Plan interface {
	// String is for people: a few lines, without a newline at the end.
	String() string
	sealed()
}

// Direct sends the statement to one server.
type Direct struct {
	Role Role
	Why  string // what decided: a clause, a function, a setting; no literals of the statement
	// Shard is the one that the statement concerns, on a sharded cluster;
	// AnyShard: they would all give the same answer.
	Shard    int
	AnyShard bool
}

// Reject answers with an error and asks no server.
type Reject struct {
	Err *pgerror.Error
}

func (*Direct) sealed() {}
func (*Reject) sealed() {}

func (d *Direct) String() string { return d.Role.String() + "  " + d.Why }

func (r *Reject) String() string {
	s := "reject   " + r.Err.Code + " " + r.Err.Message
	if r.Err.Hint != "" {
		s += "\nhint     " + r.Err.Hint
	}
	return s
}
