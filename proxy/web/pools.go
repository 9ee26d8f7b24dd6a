package web

import (
	"maps"
	"slices"

	"github.com/wyeproxy/wye/proxy/stats"
)

// perPool are the metrics with one value per (database, user).
var perPool = []struct {
	name, kind, help string
	value            func(*stats.PoolRow) float64
}{
	{"wye_pool_size", gauge, "Server connections that the pool may have.",
		func(p *stats.PoolRow) float64 { return float64(p.Size) }},
	{"wye_pool_in_use", gauge, "Server connections lent to clients, being reset or cancelled.",
		func(p *stats.PoolRow) float64 {
			return float64(p.SvActive + p.SvActiveCancel + p.SvBeingCanceled + p.SvTested)
		}},
	{"wye_pool_idle", gauge, "Server connections ready to be lent.",
		func(p *stats.PoolRow) float64 { return float64(p.SvIdle + p.SvUsed) }},
	{"wye_pool_connecting", gauge, "Server connections being opened.",
		func(p *stats.PoolRow) float64 { return float64(p.SvLogin) }},
	{"wye_pool_waiting", gauge, "Clients waiting for a server connection.",
		func(p *stats.PoolRow) float64 { return float64(p.ClWaiting) }},
	{"wye_pool_max_wait_seconds", gauge, "How long the oldest waiting client has waited.",
		func(p *stats.PoolRow) float64 { return p.MaxWait.Seconds() }},
	{"wye_queries_total", counter, "Queries: simple query messages and executes.",
		func(p *stats.PoolRow) float64 { return float64(p.Queries) }},
	{"wye_transactions_total", counter, "Transactions, a statement outside of one included.",
		func(p *stats.PoolRow) float64 { return float64(p.Xacts) }},
	{"wye_transaction_seconds_total", counter, "Time that server connections were held by transactions.",
		func(p *stats.PoolRow) float64 { return p.XactTime.Seconds() }},
	{"wye_server_assignments_total", counter, "Times that a server connection was lent to a client.",
		func(p *stats.PoolRow) float64 { return float64(p.Assignments) }},
	{"wye_received_bytes_total", counter, "Bytes received from clients.",
		func(p *stats.PoolRow) float64 { return float64(p.Received) }},
	{"wye_sent_bytes_total", counter, "Bytes sent to clients.",
		func(p *stats.PoolRow) float64 { return float64(p.Sent) }},
	{"wye_client_parses_total", counter, "Statements that clients prepared.",
		func(p *stats.PoolRow) float64 { return float64(p.ClientParses) }},
	{"wye_server_parses_total", counter, "Statements that wye prepared on servers.",
		func(p *stats.PoolRow) float64 { return float64(p.ServerParses) }},
	{"wye_binds_total", counter, "Prepared statements that clients bound.",
		func(p *stats.PoolRow) float64 { return float64(p.Binds) }},
}

func pools(e *exposition, rows []stats.PoolRow) {
	for _, m := range perPool {
		e.family(m.name, m.kind, m.help)
		for i := range rows {
			e.sample(m.name, m.value(&rows[i]), "database", rows[i].Database, "user", rows[i].User)
		}
	}
	e.family("wye_query_seconds", "histogram", "Duration of queries as the proxy sees it.")
	for i := range rows {
		p := &rows[i]
		e.histogram("wye_query_seconds", &p.QueryHist, p.QueryTime.Seconds(), "database", p.Database, "user", p.User)
	}
	e.family("wye_pool_wait_seconds", "histogram", "Time that clients waited for a server connection.")
	for i := range rows {
		p := &rows[i]
		e.histogram("wye_pool_wait_seconds", &p.WaitHist, p.WaitTime.Seconds(), "database", p.Database, "user", p.User)
	}
	errorsAndPins(e, rows)
}

func errorsAndPins(e *exposition, rows []stats.PoolRow) {
	e.family("wye_errors_total", counter, "Errors sent to clients, by SQLSTATE class.")
	for i := range rows {
		p := &rows[i]
		for _, class := range slices.Sorted(maps.Keys(p.Errors)) {
			e.sample("wye_errors_total", float64(p.Errors[class]), "database", p.Database, "user", p.User, "class", class)
		}
	}
	e.family("wye_pins", gauge, "Sessions bound to one server connection, by reason.")
	eachPin(rows, func(c stats.PinCount, labels ...string) { e.sample("wye_pins", float64(c.Now), labels...) })
	e.family("wye_pins_started_total", counter, "Times that a session was bound to its server connection, by reason.")
	eachPin(rows, func(c stats.PinCount, labels ...string) {
		e.sample("wye_pins_started_total", float64(c.Total), labels...)
	})
}

func eachPin(rows []stats.PoolRow, visit func(c stats.PinCount, labels ...string)) {
	for i := range rows {
		p := &rows[i]
		for _, reason := range slices.Sorted(maps.Keys(p.Pins)) {
			visit(p.Pins[reason], "database", p.Database, "user", p.User, "reason", reason)
		}
	}
}
