package stats

import "time"

// HostRow is one server of one cluster: what the watcher finds, and what the
// balancer does with it.
type HostRow struct {
	Cluster string
	Node    string // host:port, as configured
	// Role is what the server is found to be: primary, replica, behind
	// (recovering, on another timeline than the primary or nobody knows),
	// fenced (takes writes and is not the primary), foreign (of another
	// cluster) or unknown.
	Role string
	// State is whether it is used: up, down, ejected (its requests keep
	// failing) or draining.
	State    string
	Zone     string
	Weight   int
	Timeline uint32        // 0 = not known
	Lag      int64         // bytes of log behind the primary's last sample
	LagKnown bool          // replicas that were compared with the primary
	Age      time.Duration // it shows all that was acknowledged before this long ago
	AgeKnown bool
	Active   int64         // requests in flight
	Picks    int64         // reads that it was chosen for
	Failures int64         // requests that ended by the server's fault
	Latency  time.Duration // average that follows peaks at once (EWMA), 0 = not measured
	Why      string        // why it is not used, empty when it is
	Since    time.Time     // of the present role and state
}

// MisrouteRow is a shape of statements that was taken for a read and that a
// replica refused. It goes to the primary now.
type MisrouteRow struct {
	Database string
	Text     string // without literals
	Code     string // the SQLSTATE that the replica answered last
	Count    int64
	Why      string // why it had been taken for a read
}
