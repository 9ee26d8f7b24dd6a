package config

import (
	"slices"
	"time"
)

// User is one role that may log in to wye. Zero limits and nil durations mean
// that the cluster's setting holds.
type User struct {
	Name              string         `wye:"name"`
	Password          Secret         `wye:"password" doc:"A password, a SCRAM-SHA-256 verifier as PostgreSQL stores it, or md5 and 32 hex digits. Absent: looked up by the cluster's auth_query."`
	Clusters          []string       `wye:"clusters" doc:"Clusters this user may enter. Absent: all."`
	MaxClients        int            `wye:"max_clients" min:"1" max:"1000000" derived:"no limit of its own" doc:"Most client connections of this user at a time."`
	PoolSize          int            `wye:"pool_size" min:"1" max:"100000" derived:"the cluster's" doc:"Most server conns this user has in one cluster."`
	PoolMode          PoolMode       `wye:"pool_mode" derived:"the cluster's" doc:"How long a client of this user keeps a server conn."`
	Auth              Auth           `wye:"auth" derived:"the listener's" doc:"How this user proves itself, whatever the listener says."`
	QueryTimeout      *time.Duration `wye:"query_timeout" derived:"the cluster's" doc:"Longest a statement may run; 0 is no limit."`
	Route             Route          `wye:"route" derived:"the listener's" doc:"Where this user's statements go: auto (reads to replicas), primary, or replica (what writes is refused)."`
	MaxStaleness      *time.Duration `wye:"max_staleness" derived:"the cluster's" doc:"As split.max_staleness, for this user."`
	IdleInTransaction *time.Duration `wye:"idle_in_transaction_timeout" derived:"the cluster's" doc:"Longest a client may sit in an open transaction; 0 is no limit."`
}

// MayEnter tells whether the user may enter the cluster of that name.
func (u *User) MayEnter(cluster string) bool {
	return len(u.Clusters) == 0 || slices.Contains(u.Clusters, cluster)
}
