package config

import (
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Split is where statements go that only read.
type Split struct {
	Reads          ReadsTo       `wye:"reads" default:"replicas" doc:"Where a statement goes that provably only reads: replicas, or primary."`
	Fallback       Fallback      `wye:"fallback" default:"primary" doc:"Where it goes when no replica will do: primary, or none (57P03)."`
	Balance        Balance       `wye:"balance" default:"least-busy" doc:"How a replica is chosen: least-busy, least-response-time, round-robin, weighted (smooth weighted round robin), random, first, or hash (one replica per client). Other names of these, such as leastconn, are taken too: docs/policies.md."`
	ReadYourWrites FreshScope    `wye:"read_your_writes" default:"session" doc:"What a read shows for certain: off (what a replica has), session (what the client wrote or saw before), table (and every write through this proxy to the tables it reads), database (and every write through this proxy)."`
	MaxStaleness   time.Duration `wye:"max_staleness" default:"0" doc:"Replicas further behind the primary than this are not read from; 0 is no limit."`
	Wait           time.Duration `wye:"wait" default:"0" max:"1m" doc:"How long a read waits for a replica to catch up before it goes to the primary."`
	Transactions   bool          `wye:"transactions" default:"false" doc:"Send the reads of a READ COMMITTED transaction to a replica until its first other statement."`
	Zone           string        `wye:"zone" doc:"Where this proxy stands: replicas of the same zone are chosen while there are any."`
}

// ReadsTo is where reads go.
type ReadsTo string

// To replicas where that is safe, or all to the primary.
const (
	ReadsReplicas ReadsTo = "replicas"
	ReadsPrimary  ReadsTo = "primary"
)

func (ReadsTo) allowed() []string { return []string{"replicas", "primary"} }

// Fallback is what happens to a read that no replica can serve.
type Fallback string

// The primary serves it, or it is refused.
const (
	FallbackPrimary Fallback = "primary"
	FallbackNone    Fallback = "none"
)

func (Fallback) allowed() []string { return []string{"primary", "none"} }

// Balance is how one of several replicas is chosen.
type Balance string

// allowed are those that need to know no more than a query says.
func (Balance) allowed() []string {
	return []string{
		upstream.LeastBusy, upstream.LeastResponseTime, upstream.RoundRobin, upstream.Weighted, upstream.Random, upstream.First, upstream.Hash,
	}
}

func (Balance) canonical(name string) string { return upstream.Canonical(name) }

// FreshScope is whose writes a read must show.
type FreshScope string

// Nobody's, the client's own, those to the same tables, or all of this proxy.
const (
	FreshOff      FreshScope = "off"
	FreshSession  FreshScope = "session"
	FreshTable    FreshScope = "table"
	FreshDatabase FreshScope = "database"
)

func (FreshScope) allowed() []string { return []string{"off", "session", "table", "database"} }

// Route is where the statements of a user or a listener go, whatever they are.
type Route string

// By what each statement does, all to the primary, or all to replicas, where
// what writes is refused.
const (
	RouteAuto    Route = "auto"
	RoutePrimary Route = "primary"
	RouteReplica Route = "replica"
)

func (Route) allowed() []string { return []string{"auto", "primary", "replica"} }

// Health is how wye finds out which server is the primary, and which replicas
// are fit to read from.
type Health struct {
	Interval  time.Duration `wye:"interval" default:"500ms" min:"10ms" max:"1h" doc:"Pause between two looks at a server. Right after writes, and while something is wrong, wye looks more often."`
	Timeout   time.Duration `wye:"timeout" default:"400ms" min:"10ms" max:"1m" doc:"Time in which a server must answer."`
	Fall      int           `wye:"fall" default:"2" min:"1" max:"100" doc:"Timeouts in a row after which a server is down; a refused connection counts at once."`
	Rise      int           `wye:"rise" default:"2" min:"1" max:"100" doc:"Answers in a row after which it is up again."`
	MaxLag    int64         `wye:"max_lag" default:"0" doc:"Replicas that have this much of the write-ahead log still to replay are not read from; 0 is no limit."`
	SlowStart time.Duration `wye:"slow_start" default:"0" max:"1h" doc:"A replica that comes back gets its full share of the reads after this time."`
	User      string        `wye:"user" derived:"backend.user, or a client that has logged in" doc:"Role to look with; it needs no rights, but those of a superuser where transactions write on several shards."`
	Password  Secret        `wye:"password" doc:"Its password."`
	Patroni   []string      `wye:"patroni" doc:"URLs of Patroni's REST API; a server that Patroni does not call leader is not taken for the primary."`
}

// Failover is what happens while no primary is known.
type Failover struct {
	Buffer Buffer `wye:"buffer"`
}

// Buffer bounds what waits for a new primary.
type Buffer struct {
	Window      time.Duration `wye:"window" default:"10s" max:"1h" doc:"After the primary is lost, requests wait this long for a new one before they fail with 57P03; 0 lets them fail at once."`
	MaxRequests int           `wye:"max_requests" default:"5000" min:"0" max:"1000000" doc:"Most requests that wait at a time; one more fails at once."`
	MaxBytes    int64         `wye:"max_bytes" default:"32MiB" max:"64GiB" doc:"Most bytes of requests that wait."`
}
