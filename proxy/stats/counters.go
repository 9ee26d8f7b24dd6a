package stats

import "time"

// Counters are the totals of one pool or one database since the process
// started. They only grow. Times are kept in nanoseconds so that many short
// queries do not lose their fractions; PgBouncer's views show microseconds.
type Counters struct {
	Xacts        int64 // finished transactions, a statement outside a transaction being one
	Queries      int64 // simple Query messages and Executes
	Assignments  int64 // a server conn was lent to a client
	Received     int64 // bytes from clients
	Sent         int64 // bytes to clients
	XactTime     time.Duration
	QueryTime    time.Duration
	WaitTime     time.Duration // clients waiting for a server conn
	ClientParses int64         // prepared statements that clients created
	ServerParses int64         // prepared statements that wye created on servers
	Binds        int64
	Logins       int64 // client logins that ended in this pool
	Routed
}

// Routed counts requests by where they went, of a cluster with replicas. A
// request is a simple Query or a batch up to its Sync. A read is one that was
// proven to be; where hints, settings or its transaction sent it does not
// matter.
type Routed struct {
	ReplicaReads int64 // reads that a replica answered
	PrimaryReads int64 // reads that the primary answered
	Rerouted     int64 // reads that were sent again to another server, after the first was lost or refused them
	Misroutes    int64 // of these, the ones that a replica refused for what they do (25006, 55000)
}

// Add adds o to c.
func (c *Counters) Add(o *Counters) {
	c.Xacts += o.Xacts
	c.Queries += o.Queries
	c.Assignments += o.Assignments
	c.Received += o.Received
	c.Sent += o.Sent
	c.XactTime += o.XactTime
	c.QueryTime += o.QueryTime
	c.WaitTime += o.WaitTime
	c.ClientParses += o.ClientParses
	c.ServerParses += o.ServerParses
	c.Binds += o.Binds
	c.Logins += o.Logins
	c.ReplicaReads += o.ReplicaReads
	c.PrimaryReads += o.PrimaryReads
	c.Rerouted += o.Rerouted
	c.Misroutes += o.Misroutes
}

// Averages are Counters over a stretch of time, in PgBouncer's units: events
// and bytes per second, and times per event in microseconds.
type Averages struct {
	Xacts, Queries, Assignments, Received, Sent int64
	XactTime, QueryTime, WaitTime               int64
	ClientParses, ServerParses, Binds, Logins   int64
}

// Sub returns what was counted after o.
func (c Counters) Sub(o *Counters) Counters {
	return Counters{
		Xacts: c.Xacts - o.Xacts, Queries: c.Queries - o.Queries, Assignments: c.Assignments - o.Assignments,
		Received: c.Received - o.Received, Sent: c.Sent - o.Sent,
		XactTime: c.XactTime - o.XactTime, QueryTime: c.QueryTime - o.QueryTime, WaitTime: c.WaitTime - o.WaitTime,
		ClientParses: c.ClientParses - o.ClientParses, ServerParses: c.ServerParses - o.ServerParses,
		Binds: c.Binds - o.Binds, Logins: c.Logins - o.Logins,
		Routed: Routed{ReplicaReads: c.ReplicaReads - o.ReplicaReads, PrimaryReads: c.PrimaryReads - o.PrimaryReads,
			Rerouted: c.Rerouted - o.Rerouted, Misroutes: c.Misroutes - o.Misroutes},
	}
}

// Over divides c, counted within elapsed, into averages. No time gives zeros.
func (c *Counters) Over(elapsed time.Duration) Averages {
	if elapsed <= 0 {
		return Averages{}
	}
	rate := func(n int64) int64 { return int64(float64(n) / elapsed.Seconds()) }
	each := func(d time.Duration, events int64) int64 {
		if events <= 0 {
			return 0
		}
		return d.Microseconds() / events
	}
	return Averages{
		Xacts:        rate(c.Xacts),
		Queries:      rate(c.Queries),
		Assignments:  rate(c.Assignments),
		Received:     rate(c.Received),
		Sent:         rate(c.Sent),
		XactTime:     each(c.XactTime, c.Xacts),
		QueryTime:    each(c.QueryTime, c.Queries),
		WaitTime:     each(c.WaitTime, c.Assignments),
		ClientParses: rate(c.ClientParses),
		ServerParses: rate(c.ServerParses),
		Binds:        rate(c.Binds),
		Logins:       rate(c.Logins),
	}
}
