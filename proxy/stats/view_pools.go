package stats

import (
	"cmp"
	"time"
)

// MergePools adds up the rows of one (database, user), sorted by both. Readers
// of SHOW POOLS and of the metrics fail on a second row with the same labels,
// so pools that are kept per upstream appear as one.
func MergePools(in []PoolRow) []PoolRow {
	byName := sorted(in, func(a, b PoolRow) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.User, b.User))
	})
	out := byName[:0]
	for _, p := range byName {
		if n := len(out); n > 0 && out[n-1].Database == p.Database && out[n-1].User == p.User {
			out[n-1].merge(&p)
			continue
		}
		out = append(out, p)
	}
	return out
}

func (p *PoolRow) merge(o *PoolRow) {
	p.ClActive += o.ClActive
	p.ClWaiting += o.ClWaiting
	p.ClActiveCancelReq += o.ClActiveCancelReq
	p.ClWaitingCancelReq += o.ClWaitingCancelReq
	p.SvActive += o.SvActive
	p.SvActiveCancel += o.SvActiveCancel
	p.SvBeingCanceled += o.SvBeingCanceled
	p.SvIdle += o.SvIdle
	p.SvUsed += o.SvUsed
	p.SvTested += o.SvTested
	p.SvLogin += o.SvLogin
	p.MaxWait = max(p.MaxWait, o.MaxWait)
	p.Size += o.Size
	p.Reading.Add(&o.Reading)
}

func poolCount(name string, get func(*PoolRow) int) field[PoolRow] {
	return col(name, Int4, func(p *PoolRow) Cell { return i4(get(p)) })
}

var _ = register("pools", []field[PoolRow]{
	col("database", Text, func(p *PoolRow) Cell { return text(p.Database) }),
	col("user", Text, func(p *PoolRow) Cell { return text(p.User) }),
	poolCount("cl_active", func(p *PoolRow) int { return p.ClActive }),
	poolCount("cl_waiting", func(p *PoolRow) int { return p.ClWaiting }),
	poolCount("cl_active_cancel_req", func(p *PoolRow) int { return p.ClActiveCancelReq }),
	poolCount("cl_waiting_cancel_req", func(p *PoolRow) int { return p.ClWaitingCancelReq }),
	poolCount("sv_active", func(p *PoolRow) int { return p.SvActive }),
	poolCount("sv_active_cancel", func(p *PoolRow) int { return p.SvActiveCancel }),
	poolCount("sv_being_canceled", func(p *PoolRow) int { return p.SvBeingCanceled }),
	poolCount("sv_idle", func(p *PoolRow) int { return p.SvIdle }),
	poolCount("sv_used", func(p *PoolRow) int { return p.SvUsed }),
	poolCount("sv_tested", func(p *PoolRow) int { return p.SvTested }),
	poolCount("sv_login", func(p *PoolRow) int { return p.SvLogin }),
	col("maxwait", Int4, func(p *PoolRow) Cell { return seconds(p.MaxWait) }),
	col("maxwait_us", Int4, func(p *PoolRow) Cell { return micros(p.MaxWait) }),
	col("pool_mode", Text, func(p *PoolRow) Cell { return text(p.Mode) }),
	col("load_balance_hosts", Text, func(p *PoolRow) Cell { return textOrNull(p.LoadBalanceHosts) }),
}, func(s *Snapshot) []PoolRow { return MergePools(s.Pools) })

var _ = register("databases", []field[DatabaseRow]{
	col("name", Text, func(d *DatabaseRow) Cell { return text(d.Name) }),
	col("host", Text, func(d *DatabaseRow) Cell { return textOrNull(d.Hosts) }),
	col("port", Int4, func(d *DatabaseRow) Cell { return i4(d.Port) }),
	col("database", Text, func(d *DatabaseRow) Cell { return text(d.Database) }),
	col("force_user", Text, func(d *DatabaseRow) Cell { return textOrNull(d.ForceUser) }),
	col("pool_size", Int4, func(d *DatabaseRow) Cell { return i4(d.PoolSize) }),
	col("min_pool_size", Int4, func(d *DatabaseRow) Cell { return i4(d.MinPoolSize) }),
	col("reserve_pool_size", Int4, func(d *DatabaseRow) Cell { return i4(d.ReservePoolSize) }),
	col("server_lifetime", Int4, func(d *DatabaseRow) Cell { return i4(int64(d.ServerLifetime / time.Second)) }),
	col("pool_mode", Text, func(d *DatabaseRow) Cell { return textOrNull(d.Mode) }),
	col("load_balance_hosts", Text, func(d *DatabaseRow) Cell { return textOrNull(d.LoadBalanceHosts) }),
	col("max_connections", Int4, func(d *DatabaseRow) Cell { return i4(d.MaxServers) }),
	col("current_connections", Int4, func(d *DatabaseRow) Cell { return i4(d.Servers) }),
	col("max_client_connections", Int4, func(d *DatabaseRow) Cell { return i4(d.MaxClients) }),
	col("current_client_connections", Int4, func(d *DatabaseRow) Cell { return i4(d.Clients) }),
	col("paused", Int4, func(d *DatabaseRow) Cell { return flag(d.Paused) }),
	col("disabled", Int4, func(d *DatabaseRow) Cell { return flag(d.Disabled) }),
}, func(s *Snapshot) []DatabaseRow {
	return sorted(s.Databases, func(a, b DatabaseRow) int { return cmp.Compare(a.Name, b.Name) })
})

// sizeOrNull is a pool size override; PgBouncer sends these two as text.
func sizeOrNull(n int) Cell {
	if n == 0 {
		return null
	}
	return i4(n)
}

var _ = register("users", []field[UserRow]{
	col("name", Text, func(u *UserRow) Cell { return text(u.Name) }),
	col("pool_size", Text, func(u *UserRow) Cell { return sizeOrNull(u.PoolSize) }),
	col("reserve_pool_size", Text, func(u *UserRow) Cell { return sizeOrNull(u.ReservePoolSize) }),
	col("pool_mode", Text, func(u *UserRow) Cell { return textOrNull(u.Mode) }),
	col("max_user_connections", Int4, func(u *UserRow) Cell { return i4(u.MaxServers) }),
	col("current_connections", Int4, func(u *UserRow) Cell { return i4(u.Servers) }),
	col("max_user_client_connections", Int4, func(u *UserRow) Cell { return i4(u.MaxClients) }),
	col("current_client_connections", Int4, func(u *UserRow) Cell { return i4(u.Clients) }),
}, func(s *Snapshot) []UserRow {
	return sorted(s.Users, func(a, b UserRow) int { return cmp.Compare(a.Name, b.Name) })
})
