package config

import "time"

// SameUser as Backend.User means: log in to servers as the client's own user.
const SameUser = "same"

// DefaultAuthQuery looks up a password with $1 the user's name. Everything in
// it is schema-qualified, so no search_path can change its meaning
// (CVE-2025-12819), and it finds only roles that may log in and whose password
// has not expired (CVE-2025-2291). Its user needs the right to read pg_authid.
const DefaultAuthQuery = `SELECT rolname, rolpassword FROM pg_catalog.pg_authid ` +
	`WHERE rolname OPERATOR(pg_catalog.=) $1 AND rolcanlogin ` +
	`AND (rolvaliduntil IS NULL OR rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now())`

// Cluster is one database that clients can name when they connect.
type Cluster struct {
	Name       string     `wye:"name"`
	Database   string     `wye:"database" derived:"the cluster's name" doc:"Name of the database on the servers."`
	Nodes      []Node     `wye:"nodes,required" or:"shards" derived:"required, unless there are shards" doc:"The servers: \"host:port\", \"unix:/dir\" (port 5432's socket in that folder), \"unix:/dir/.s.PGSQL.5433\", or {addr: ...}."`
	Shards     []Shard    `wye:"shards"`
	Maps       []Map      `wye:"maps"`
	Tables     []Table    `wye:"tables"`
	Backend    Backend    `wye:"backend"`
	Pool       Pool       `wye:"pool"`
	Timeouts   Timeouts   `wye:"timeouts"`
	Split      Split      `wye:"split"`
	Health     Health     `wye:"health"`
	Failover   Failover   `wye:"failover"`
	AuthQuery  *AuthQuery `wye:"auth_query"` // nil: only the users of the file
	Cache      *Cache     `wye:"cache"`      // nil: no answers are kept
	MaxClients int        `wye:"max_clients" min:"1" max:"1000000" derived:"no limit of its own" doc:"Most client connections to this cluster at a time."`

	Gather          *Gather         `wye:"gather"` // nil exactly if there are no shards
	MultiShardWrite MultiShardWrite `wye:"multi_shard_write" derived:"2pc, with shards" doc:"How a transaction commits that wrote on several shards: 2pc (on all or none), best_effort (one after the other), or refuse."`
	WeakSnapshots   bool            `wye:"weak_snapshots" derived:"false" doc:"Allow REPEATABLE READ and SERIALIZABLE transactions on several shards, each of which has a snapshot of its own."`
	Sharding        Sharding        `wye:"sharding"`
}

// Node is one PostgreSQL server. In the file it may be its address alone.
type Node struct {
	Addr   string `wye:"addr,required" check:"addr" doc:"Address of one server, as in nodes."`
	Weight int    `wye:"weight" default:"1" min:"1" max:"1000" doc:"Share of the reads, beside the other nodes' weights."`
	Zone   string `wye:"zone" doc:"Where the server stands; see split.zone."`
}

// plain tells whether the node says nothing but its address.
func (n Node) plain() bool { return n.Weight == 1 && n.Zone == "" }

// Backend is how wye logs in to the servers.
type Backend struct {
	User            string        `wye:"user" default:"same" doc:"Role to log in as: same (the client's own user) or a role's name."`
	Password        Secret        `wye:"password" doc:"Password of a named role. With same, the user's own is used."`
	TLS             ServerTLS     `wye:"tls"`
	RequireAuth     []ServerAuth  `wye:"require_auth" doc:"Kinds of proof a server may ask for; a server that asks for another is refused. Absent: any."`
	ConnectTimeout  time.Duration `wye:"connect_timeout" default:"5s" min:"10ms" max:"1h" doc:"Time to reach a server and log in."`
	ApplicationName string        `wye:"application_name" doc:"The application_name of a server conn that no client has named yet. Absent: the server's default."`
}

// ServerTLS is how wye uses TLS towards servers. The modes are libpq's sslmode.
type ServerTLS struct {
	Mode       ServerMode `wye:"mode" derived:"verify-full with ca, require with direct, else prefer" doc:"disable, prefer (TLS if the server has it), require (unchecked), verify-ca, or verify-full (the name is checked too)."`
	CA         string     `wye:"ca" doc:"PEM file with the authorities to check servers against. Absent: the system's, with verify-full."`
	Cert       string     `wye:"cert" doc:"PEM file with the certificate to show to servers."`
	Key        string     `wye:"key" doc:"PEM file with its private key."`
	ServerName string     `wye:"server_name" derived:"the node's host" doc:"Name to ask for and to check."`
	Direct     bool       `wye:"direct" default:"false" doc:"Start with TLS, without asking first (PostgreSQL 17 and later)."`
}

// Pool is how server conns are kept and lent. One pool holds the server conns of
// one user in one cluster.
type Pool struct {
	Mode         PoolMode      `wye:"mode" default:"transaction" doc:"How long a client keeps a server conn: session, transaction or statement."`
	Size         int           `wye:"size" default:"20" min:"1" max:"100000" doc:"Most server conns of one user."`
	Min          int           `wye:"min" default:"0" min:"0" max:"100000" doc:"Server conns kept open once the pool is in use."`
	Reserve      int           `wye:"reserve" default:"0" min:"0" max:"100000" doc:"Server conns above size for clients that waited reserve_after."`
	ReserveAfter time.Duration `wye:"reserve_after" default:"5s" doc:"How long a client waits before the reserve is opened."`
	QueueTimeout time.Duration `wye:"queue_timeout" default:"30s" doc:"How long a client waits for a server conn before it is refused with 53300; 0 waits for ever."`
	Idle         time.Duration `wye:"idle" default:"10m" doc:"A server conn unused for so long is closed; 0 never."`
	Lifetime     time.Duration `wye:"lifetime" default:"1h" doc:"A server conn as old as this is closed when it is next free; 0 never."`
	Prepared     int           `wye:"prepared" default:"500" min:"1" max:"100000" doc:"Most prepared statements kept on one server conn."`
	Pin          PinPolicy     `wye:"pin" default:"allow" doc:"What happens when a client needs one server conn for itself (LISTEN, temporary tables, session locks): allow, or error."`
	LoginRetry   time.Duration `wye:"login_retry" default:"1s" min:"1ms" max:"1h" doc:"Pause after a server refused a connection or a login."`
}

// Timeouts end what takes too long. 0 is no limit.
type Timeouts struct {
	Query             time.Duration `wye:"query" default:"0" doc:"Longest a statement may run before it is cancelled (57014)."`
	IdleInTransaction time.Duration `wye:"idle_in_transaction" default:"0" doc:"Longest a client may sit in an open transaction (25P03)."`
	ClientIdle        time.Duration `wye:"client_idle" default:"0" doc:"Longest a client may sit idle outside a transaction (57P05)."`
	Transaction       time.Duration `wye:"transaction" default:"0" doc:"Longest a transaction may last (25P04)."`
}

// AuthQuery asks a server for the passwords of users the file does not hold.
type AuthQuery struct {
	User     string        `wye:"user,required" doc:"Role that asks."`
	Password Secret        `wye:"password" doc:"Its password."`
	Query    string        `wye:"query" derived:"a look-up in pg_authid of roles that may log in and have not expired" doc:"Statement with $1 the user's name; its columns are the name and the stored password."`
	Cache    time.Duration `wye:"cache" default:"60s" max:"24h" doc:"How long an answer is used; 0 asks each time."`
}

// PoolMode is how long a client keeps a server conn.
type PoolMode string

// Until the client leaves, until its transaction ends, until its statement ends.
const (
	PoolSession     PoolMode = "session"
	PoolTransaction PoolMode = "transaction"
	PoolStatement   PoolMode = "statement"
)

func (PoolMode) allowed() []string { return []string{"session", "transaction", "statement"} }

// PinPolicy is what happens to a statement that needs a server conn for itself.
type PinPolicy string

// Bind the client to its server conn, or refuse the statement.
const (
	PinAllow PinPolicy = "allow"
	PinError PinPolicy = "error"
)

func (PinPolicy) allowed() []string { return []string{"allow", "error"} }

// ServerMode is libpq's sslmode, less "allow".
type ServerMode string

// From no TLS to a server whose certificate and name are checked.
const (
	ServerDisable    ServerMode = "disable"
	ServerPrefer     ServerMode = "prefer"
	ServerRequire    ServerMode = "require"
	ServerVerifyCA   ServerMode = "verify-ca"
	ServerVerifyFull ServerMode = "verify-full"
)

func (ServerMode) allowed() []string {
	return []string{"disable", "prefer", "require", "verify-ca", "verify-full"}
}

// ServerAuth is a kind of proof that a server may ask for; "none" is a server
// that asks for nothing.
type ServerAuth string

// The kinds of proof.
const (
	ServerSCRAM ServerAuth = "scram"
	ServerMD5   ServerAuth = "md5"
	ServerPlain ServerAuth = "plain"
	ServerNone  ServerAuth = "none"
)

func (ServerAuth) allowed() []string { return []string{"scram", "md5", "plain", "none"} }
