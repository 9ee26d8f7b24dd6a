package stats

import "time"

// Snapshot is the whole process at one moment, as plain data. Package proxy
// assembles it; nobody changes it afterwards, so its slices may be shared.
type Snapshot struct {
	Time      time.Time
	Process   Process
	Health    Health
	Gate      GateCounts
	Pools     []PoolRow     // any order; rows of one (database, user), one per upstream say, are added up by the views
	Clients   []ConnRow     // any order
	Servers   []ConnRow     // any order
	Databases []DatabaseRow // one per name
	Users     []UserRow
	Counters  []DatabaseCounters // one per database, from Registry.Databases
	Config    []ConfigRow        // secrets already masked
	Listeners []ListenerRow
	Hosts     []HostRow     // any order; one per cluster and node
	Misroutes []MisrouteRow // any order
	Shards    []ShardRow    // any order; of sharded clusters
	InDoubt   []DoubtRow    // any order
	Drift     []DriftRow    // any order

	Cache       []CacheRow // any order; of clusters with a cache
	CacheTables []CacheTableRow

	PoolServers []PoolServerRow // of each pool in the order of the configuration
	PoolQueues  []PoolQueueRow  // any order
	HTTPCaches  []HTTPCacheRow  // any order
	HTTP        []HTTPRow       // any order; of listeners and pools of HTTP
}

// Process is what is true of the process as a whole.
type Process struct {
	Version      string // wye's own, "0.3.1"
	Commit       string
	Start        time.Time
	ConfigEpoch  int64 // 1 at the start, +1 per successful reload
	LastReload   time.Time
	LastReloadOK bool
	Panics       int64 // sessions that ended by a recovered panic
	MaxClients   int   // the process-wide limit
	LoginClients int   // between accept and the end of the login
	Paused       bool  // every database is paused
	Suspended    bool
	Memory       Memory
}

// Health is what /readyz needs to know, cheap to make.
type Health struct {
	Draining bool
	Clusters []ClusterHealth
}

// ClusterHealth says whether one cluster can take writes.
type ClusterHealth struct {
	Name    string
	Primary bool // a primary was reachable at the last check
}

// PoolRow is one pool of server conns. The client counts are of the clients
// that use it.
type PoolRow struct {
	Database, User     string
	ClActive           int // linked to a server conn, or idle
	ClWaiting          int
	ClActiveCancelReq  int // cancel request forwarded, its answer awaited
	ClWaitingCancelReq int
	SvActive           int // linked to a client
	SvActiveCancel     int
	SvBeingCanceled    int
	SvIdle             int
	SvUsed             int // idle, to be checked before use
	SvTested           int // being reset or checked
	SvLogin            int
	MaxWait            time.Duration // of the oldest waiting client
	Mode               string        // "session", "transaction", "statement"
	LoadBalanceHosts   string        // empty where there is one host
	Size               int           // most server conns allowed
	Reading                          // the pool's counters
}

// DatabaseRow is one database that clients can name.
type DatabaseRow struct {
	Name             string
	Hosts            string // comma-joined
	Port             int
	Database         string // its name on the servers
	ForceUser        string // empty: the client's own
	PoolSize         int
	MinPoolSize      int
	ReservePoolSize  int
	ServerLifetime   time.Duration
	Mode             string
	LoadBalanceHosts string
	MaxServers       int // 0 = no limit
	Servers          int // now
	MaxClients       int // 0 = no limit
	Clients          int // now
	Paused, Disabled bool
	Failovers        int64 // times that another server became the primary, the first one found not counted
	Held             int   // requests that wait now because no primary is known
	HeldTotal        int64 // requests that have ever waited so
}

// UserRow is one user that may log in, or has.
type UserRow struct {
	Name            string
	PoolSize        int    // 0 = no override
	ReservePoolSize int    // 0 = no override
	Mode            string // empty = no override
	MaxServers      int    // 0 = no limit
	Servers         int
	MaxClients      int // 0 = no limit
	Clients         int
}

// ConnRow is one client, or one server conn.
type ConnRow struct {
	ID                 uint64 // unique over clients and servers, never used again; KILL_CLIENT takes it
	User, Database     string
	Replication        string // "none" when empty, "logical", "physical"
	State              string // clients: active idle waiting; servers: active idle used tested new
	Addr               string // the far end, "unix" for a Unix socket
	Port               int
	LocalAddr          string
	LocalPort          int
	ConnectTime        time.Time
	RequestTime        time.Time     // of the last request
	Wait               time.Duration // how long a waiting client has waited
	CloseNeeded        bool          // to be closed after its current use
	Link               uint64        // ID of the client or server at the other side, 0 = none
	RemotePID          int
	TLS                string // "TLSv1.3/TLS_AES_128_GCM_SHA256", empty without TLS
	ApplicationName    string
	PreparedStatements int
	Pins               []string // clients: why it is bound to its server conn
	PinnedSince        time.Time
}

// DatabaseCounters is one row of SHOW STATS.
type DatabaseCounters struct {
	Database string
	Total    Counters
	Recent   Counters // the part of Total that falls within Elapsed
	Elapsed  time.Duration
}

// ConfigRow is one setting as it is in force.
type ConfigRow struct {
	Key, Value, Default string
	Reloadable          bool
}

// ListenerRow is one listening socket.
type ListenerRow struct {
	Name, Kind string
	Addr       string
	TLS        string // the mode, empty = off
	Clients    int
	Accepted   int64

	// Clients of tcp listeners that got no server: for a limit, because they
	// made no sense, or because no server could be reached.
	Refused, Broken, Failed int64
}
