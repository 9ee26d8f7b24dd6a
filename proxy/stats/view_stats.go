package stats

import (
	"cmp"
	"slices"
)

// counted is one counter under the names that the five statistics views give
// it. PgBouncer calls bytes by a different name in each of them.
type counted struct {
	name           string // as in STATS: total_<name>
	average        string // as in STATS: avg_<average>
	totals, totalN string // STATS_TOTALS and STATS_AVERAGES; TOTALS
	newer          bool   // since 1.24: STATS_AVERAGES prefixes these, and only these, with avg_
	total          func(*Counters) int64
	avg            func(*Averages) int64
}

var counteds = []counted{
	{"server_assignment_count", "server_assignment_count", "server_assignment_count", "server_assignment_count", false,
		func(c *Counters) int64 { return c.Assignments }, func(a *Averages) int64 { return a.Assignments }},
	{"xact_count", "xact_count", "xact_count", "xact_count", false,
		func(c *Counters) int64 { return c.Xacts }, func(a *Averages) int64 { return a.Xacts }},
	{"query_count", "query_count", "query_count", "query_count", false,
		func(c *Counters) int64 { return c.Queries }, func(a *Averages) int64 { return a.Queries }},
	{"received", "recv", "bytes_received", "client_bytes", false,
		func(c *Counters) int64 { return c.Received }, func(a *Averages) int64 { return a.Received }},
	{"sent", "sent", "bytes_sent", "server_bytes", false,
		func(c *Counters) int64 { return c.Sent }, func(a *Averages) int64 { return a.Sent }},
	{"xact_time", "xact_time", "xact_time", "xact_time", false,
		func(c *Counters) int64 { return c.XactTime.Microseconds() }, func(a *Averages) int64 { return a.XactTime }},
	{"query_time", "query_time", "query_time", "query_time", false,
		func(c *Counters) int64 { return c.QueryTime.Microseconds() }, func(a *Averages) int64 { return a.QueryTime }},
	{"wait_time", "wait_time", "wait_time", "wait_time", false,
		func(c *Counters) int64 { return c.WaitTime.Microseconds() }, func(a *Averages) int64 { return a.WaitTime }},
	{"client_parse_count", "client_parse_count", "client_parse_count", "client_parse_count", true,
		func(c *Counters) int64 { return c.ClientParses }, func(a *Averages) int64 { return a.ClientParses }},
	{"server_parse_count", "server_parse_count", "server_parse_count", "server_parse_count", true,
		func(c *Counters) int64 { return c.ServerParses }, func(a *Averages) int64 { return a.ServerParses }},
	{"bind_count", "bind_count", "bind_count", "bind_count", true,
		func(c *Counters) int64 { return c.Binds }, func(a *Averages) int64 { return a.Binds }},
	{"client_login_count", "client_login_count", "client_login_count", "client_login_count", true,
		func(c *Counters) int64 { return c.Logins }, func(a *Averages) int64 { return a.Logins }},
}

func (c counted) totalField(name string) field[DatabaseCounters] {
	return col(name, Numeric, func(d *DatabaseCounters) Cell { return num(c.total(&d.Total)) })
}

func (c counted) averageField(name string) field[DatabaseCounters] {
	return col(name, Numeric, func(d *DatabaseCounters) Cell {
		average := d.Recent.Over(d.Elapsed)
		return num(c.avg(&average))
	})
}

// statsFields builds the database column and one or two columns per counter.
func statsFields(groups ...func(counted) field[DatabaseCounters]) []field[DatabaseCounters] {
	fields := []field[DatabaseCounters]{
		col("database", Text, func(d *DatabaseCounters) Cell { return text(d.Database) }),
	}
	for _, group := range groups {
		for _, c := range counteds {
			fields = append(fields, group(c))
		}
	}
	return fields
}

func averagesName(c counted) string {
	if c.newer {
		return "avg_" + c.totals
	}
	return c.totals
}

func byDatabase(s *Snapshot) []DatabaseCounters {
	return sorted(s.Counters, func(a, b DatabaseCounters) int { return cmp.Compare(a.Database, b.Database) })
}

// total is a row of SHOW TOTALS.
type total struct {
	name  string
	value int64
}

func totals(s *Snapshot) []total {
	var all DatabaseCounters
	for i := range s.Counters {
		all.Total.Add(&s.Counters[i].Total)
		all.Recent.Add(&s.Counters[i].Recent)
		all.Elapsed = s.Counters[i].Elapsed // of one Registry, so the same in every row
	}
	average := all.Recent.Over(all.Elapsed)
	var sum, avg []total
	for _, c := range counteds {
		sum = append(sum, total{"total_" + c.totalN, c.total(&all.Total)})
		avg = append(avg, total{"avg_" + c.totalN, c.avg(&average)})
	}
	return slices.Concat(sum, avg)
}

var (
	_ = register("stats", statsFields(
		func(c counted) field[DatabaseCounters] { return c.totalField("total_" + c.name) },
		func(c counted) field[DatabaseCounters] { return c.averageField("avg_" + c.average) },
	), byDatabase)
	_ = register("stats_totals", statsFields(
		func(c counted) field[DatabaseCounters] { return c.totalField(c.totals) },
	), byDatabase)
	_ = register("stats_averages", statsFields(
		func(c counted) field[DatabaseCounters] { return c.averageField(averagesName(c)) },
	), byDatabase)
	_ = register("totals", []field[total]{
		col("name", Text, func(t *total) Cell { return text(t.name) }),
		col("value", Numeric, func(t *total) Cell { return num(t.value) }),
	}, totals)
)
