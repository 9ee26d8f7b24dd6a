package web

import (
	"strconv"

	"github.com/wyeproxy/wye/proxy/stats"
)

// exported is a metric of pgbouncer_exporter: a column of a SHOW under the
// exporter's name, so that dashboards made for it need no exporter.
type exported struct {
	column, name, kind string
	factor             float64
}

// exportedViews are the SHOWs that the exporter reads, each with the columns
// that become labels.
var exportedViews = []struct {
	view    string
	labels  []string
	metrics []exported
}{
	{"databases", []string{"name", "host", "port", "database", "force_user", "pool_mode"}, []exported{
		{"pool_size", "pgbouncer_databases_pool_size", gauge, 1},
		{"reserve_pool_size", "pgbouncer_databases_reserve_pool", gauge, 1},
		{"max_connections", "pgbouncer_databases_max_connections", gauge, 1},
		{"current_connections", "pgbouncer_databases_current_connections", gauge, 1},
		{"paused", "pgbouncer_databases_paused", gauge, 1},
		{"disabled", "pgbouncer_databases_disabled", gauge, 1},
	}},
	{"pools", []string{"database", "user"}, []exported{
		{"cl_active", "pgbouncer_pools_client_active_connections", gauge, 1},
		{"cl_active_cancel_req", "pgbouncer_pools_client_active_cancel_connections", gauge, 1},
		{"cl_waiting", "pgbouncer_pools_client_waiting_connections", gauge, 1},
		{"cl_waiting_cancel_req", "pgbouncer_pools_client_waiting_cancel_connections", gauge, 1},
		{"sv_active", "pgbouncer_pools_server_active_connections", gauge, 1},
		{"sv_active_cancel", "pgbouncer_pools_server_active_cancel_connections", gauge, 1},
		{"sv_being_canceled", "pgbouncer_pools_server_being_canceled_connections", gauge, 1},
		{"sv_idle", "pgbouncer_pools_server_idle_connections", gauge, 1},
		{"sv_used", "pgbouncer_pools_server_used_connections", gauge, 1},
		{"sv_tested", "pgbouncer_pools_server_testing_connections", gauge, 1},
		{"sv_login", "pgbouncer_pools_server_login_connections", gauge, 1},
		{"maxwait", "pgbouncer_pools_client_maxwait_seconds", gauge, 1},
	}},
	{"stats_totals", []string{"database"}, []exported{
		{"query_count", "pgbouncer_stats_queries_pooled_total", counter, 1},
		{"query_time", "pgbouncer_stats_queries_duration_seconds_total", counter, 1e-6},
		{"bytes_received", "pgbouncer_stats_received_bytes_total", counter, 1},
		{"bytes_sent", "pgbouncer_stats_sent_bytes_total", counter, 1},
		{"wait_time", "pgbouncer_stats_client_wait_seconds_total", counter, 1e-6},
		{"xact_count", "pgbouncer_stats_sql_transactions_pooled_total", counter, 1},
		{"xact_time", "pgbouncer_stats_server_in_transaction_seconds_total", counter, 1e-6},
		{"client_parse_count", "pgbouncer_stats_client_parses_total", counter, 1},
		{"server_parse_count", "pgbouncer_stats_server_parses_total", counter, 1},
		{"bind_count", "pgbouncer_stats_binds_total", counter, 1},
	}},
}

// exportedLists are the rows of SHOW LISTS under the exporter's names.
var exportedLists = map[string]string{
	"databases": "pgbouncer_databases", "users": "pgbouncer_users", "pools": "pgbouncer_pools",
	"free_clients": "pgbouncer_free_clients", "used_clients": "pgbouncer_used_clients", "login_clients": "pgbouncer_login_clients",
	"free_servers": "pgbouncer_free_servers", "used_servers": "pgbouncer_used_servers",
}

func compat(e *exposition, s *stats.Snapshot) {
	e.one("pgbouncer_up", gauge, "Always 1: there is nothing between this page and the pools.", 1)
	e.family("pgbouncer_version_info", gauge, "The PgBouncer version whose console wye speaks.")
	e.sample("pgbouncer_version_info", 1, "version", "PgBouncer "+stats.Compatible)
	e.one("pgbouncer_config_max_client_connections", gauge, "Clients allowed in the whole process.", float64(s.Process.MaxClients))
	e.one("pgbouncer_config_max_user_connections", gauge, "Server connections allowed per user, 0 = no limit.", 0)
	lists, _ := stats.LookupView("lists")
	for _, row := range lists.Table(s).Rows {
		if name, ok := exportedLists[row[0].Text]; ok {
			e.one(name, gauge, "As in SHOW LISTS: "+row[0].Text+".", value(row[1]))
		}
	}
	for _, x := range exportedViews {
		v, _ := stats.LookupView(x.view)
		table := v.Table(s)
		at := make(map[string]int, len(table.Columns))
		for i, c := range table.Columns {
			at[c.Name] = i
		}
		for _, m := range x.metrics {
			e.family(m.name, m.kind, "As in SHOW "+x.view+": "+m.column+".")
			for _, row := range table.Rows {
				labels := make([]string, 0, 2*len(x.labels))
				for _, l := range x.labels {
					labels = append(labels, l, row[at[l]].Text)
				}
				e.sample(m.name, value(row[at[m.column]])*m.factor, labels...)
			}
		}
	}
}

// value is a cell of an integer column as a number.
func value(c stats.Cell) float64 {
	f, err := strconv.ParseFloat(c.Text, 64)
	if err != nil {
		return 0
	}
	return f
}
