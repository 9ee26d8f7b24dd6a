package stats

// The views below exist so that a reader that asks for them gets PgBouncer's
// header and no rows: wye has no peers, resolves names through the system and
// hands no file descriptors out (SHOW FDS shows passwords and cancel keys in
// PgBouncer).

type never struct{}

func none(*Snapshot) []never { return nil }

// header makes fields without values from names and types in turn.
func header(cols ...Column) []field[never] {
	fields := make([]field[never], len(cols))
	for i, c := range cols {
		fields[i] = field[never]{Column: c, get: func(*never) Cell { return null }}
	}
	return fields
}

var (
	_ = register("peers", header(
		Column{"peer_id", Int4}, Column{"host", Text}, Column{"port", Int4}, Column{"pool_size", Int4},
	), none)
	_ = register("peer_pools", header(
		Column{"database", Int4}, Column{"cl_active_cancel_req", Int4}, Column{"cl_waiting_cancel_req", Int4},
		Column{"sv_active_cancel", Int4}, Column{"sv_login", Int4},
	), none)
	_ = register("dns_hosts", header(
		Column{"hostname", Text}, Column{"ttl", Int8}, Column{"addrs", Text},
	), none)
	_ = register("dns_zones", header(
		Column{"zonename", Text}, Column{"serial", Int8}, Column{"count", Int4},
	), none)
	_ = register("fds", header(
		Column{"fd", Int4}, Column{"task", Text}, Column{"user", Text}, Column{"database", Text},
		Column{"addr", Text}, Column{"port", Int4}, Column{"cancel", Int8}, Column{"link", Int4},
		Column{"client_encoding", Text}, Column{"std_strings", Text}, Column{"datestyle", Text},
		Column{"timezone", Text}, Column{"password", Text}, Column{"scram_client_key", Bytea},
		Column{"scram_server_key", Bytea},
	), none)
)
