package admin

import (
	"database/sql"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "github.com/lib/pq"
)

// What the monitoring tools that people run against PgBouncer read, and how
// they parse it. Each is replayed with the driver that it uses; the queries
// and column names are those of the tools' sources, named in operating.md 3.2.

// open connects as a viewer.
func open(t *testing.T, driver string) *sql.DB {
	t.Helper()
	host, port := listen(t, newProxy())
	name := dsn(host, port, "viewer")
	if driver == "simple pgx" {
		config, err := pgx.ParseConfig(name)
		if err != nil {
			t.Fatal(err)
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
		driver, name = "pgx", stdlib.RegisterConnConfig(config)
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// read returns the rows of a query by column name.
func read(t *testing.T, db *sql.DB, query string) []map[string]any {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for rows.Next() {
		values, pointers := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		row := map[string]any{}
		for i, c := range columns {
			row[c] = values[i]
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// number is how pgbouncer_exporter turns a value into a metric.
func number(t *testing.T, row map[string]any, column string) float64 {
	t.Helper()
	switch v := row[column].(type) {
	case int64:
		return float64(v)
	case []byte, string:
		f, err := strconv.ParseFloat(fmt.Sprintf("%s", v), 64)
		if err == nil {
			return f
		}
	}
	t.Errorf("column %s is %T %v: no number", column, row[column], row[column])
	return 0
}

// pgbouncer_exporter: one metric per row and column; two rows of the same
// labels fail the whole scrape.
func TestExporter(t *testing.T) {
	db := open(t, "postgres")
	for query, want := range map[string]struct{ labels, metrics string }{
		"SHOW databases;": {"name host port database force_user pool_mode",
			"pool_size max_connections current_connections paused disabled"},
		"SHOW stats_totals;": {"database",
			"query_count query_time bytes_received bytes_sent wait_time xact_count xact_time client_parse_count server_parse_count bind_count"},
		"SHOW pools;": {"database user",
			"cl_active cl_active_cancel_req cl_waiting cl_waiting_cancel_req sv_active sv_active_cancel sv_being_canceled sv_idle sv_used sv_tested sv_login maxwait"},
	} {
		seen := map[string]bool{}
		for _, row := range read(t, db, query) {
			var labels string
			for _, l := range strings.Fields(want.labels) {
				switch v := row[l].(type) {
				case int64, string, nil:
					labels += fmt.Sprint(v) + "\x00"
				default:
					t.Errorf("%s: label %s has type %T", query, l, v)
				}
			}
			if seen[labels] {
				t.Errorf("%s: two rows %q", query, labels)
			}
			seen[labels] = true
			for _, m := range strings.Fields(want.metrics) {
				number(t, row, m)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: no rows", query)
		}
	}
	lists := map[string]bool{}
	for _, row := range read(t, db, "SHOW LISTS;") {
		lists[row["list"].(string)] = true
		number(t, row, "items")
	}
	for _, l := range strings.Fields("databases users pools free_clients used_clients login_clients free_servers used_servers dns_names dns_zones dns_queries") {
		if !lists[l] {
			t.Errorf("SHOW LISTS has no %s", l)
		}
	}
	checkConfig(t, db, "max_client_conn", "max_user_connections")
}

// checkConfig wants numbers under keys of SHOW CONFIG, in four columns.
func checkConfig(t *testing.T, db *sql.DB, keys ...string) {
	t.Helper()
	found := map[string]bool{}
	for _, row := range read(t, db, "SHOW CONFIG;") {
		key, _ := row["key"].(string)
		for _, want := range keys {
			if key == want {
				number(t, row, "value")
				found[key] = true
			}
		}
		if len(row) != 4 {
			t.Errorf("SHOW CONFIG has %d columns, want 4", len(row))
		}
	}
	if len(found) != len(keys) {
		t.Errorf("SHOW CONFIG has %v of %v", found, keys)
	}
}

// Telegraf: every column of SHOW STATS that is text must parse as an integer,
// except three.
func TestTelegraf(t *testing.T) {
	db := open(t, "simple pgx")
	rows := read(t, db, "SHOW STATS")
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	for _, row := range rows {
		for column, v := range row {
			s, isText := v.(string)
			if column == "database" || column == "user" || column == "pool_mode" {
				continue
			}
			if _, err := strconv.ParseInt(s, 10, 64); isText && err != nil {
				t.Errorf("SHOW STATS.%s: %v", column, err)
			}
			if v == nil {
				t.Errorf("SHOW STATS.%s is NULL", column)
			}
		}
	}
	for _, row := range read(t, db, "SHOW POOLS") {
		if _, ok := row["database"].(string); !ok {
			t.Errorf("database is %T", row["database"])
		}
	}
}

// Netdata: the version must name PgBouncer and be above 1.8.0.
func TestNetdata(t *testing.T) {
	db := open(t, "simple pgx")
	version := read(t, db, "SHOW VERSION;")[0]["version"].(string)
	found := regexp.MustCompile(`(\d+)\.(\d+)\.(\d+)`).FindStringSubmatch(version)
	if !strings.Contains(version, "PgBouncer") || found == nil {
		t.Fatalf("version %q", version)
	}
	if minor, err := strconv.Atoi(found[2]); err != nil || found[1] != "1" || minor <= 8 {
		t.Errorf("version %q is not above 1.8.0", version)
	}
	checkConfig(t, db, "max_client_conn")
	for query, columns := range map[string]string{
		"SHOW DATABASES;": "max_connections current_connections paused disabled",
		"SHOW STATS;":     "total_xact_count total_query_count total_received total_sent total_xact_time total_query_time total_wait_time avg_xact_time avg_query_time",
		"SHOW POOLS;":     "cl_active cl_waiting sv_active sv_idle sv_used sv_tested sv_login maxwait maxwait_us",
	} {
		for _, row := range read(t, db, query) {
			for _, c := range strings.Fields(columns) {
				number(t, row, c)
			}
		}
	}
}

// Datadog (psycopg2 in the original): gauges by name, so one row per name, and
// connect_time in one format.
func TestDatadog(t *testing.T) {
	db := open(t, "postgres")
	names := map[any]bool{}
	for _, row := range read(t, db, "SHOW DATABASES") {
		if names[row["name"]] {
			t.Errorf("two databases %v", row["name"])
		}
		names[row["name"]] = true
		number(t, row, "pool_size")
	}
	for _, query := range []string{"SHOW SERVERS", "SHOW CLIENTS"} {
		for _, row := range read(t, db, query) {
			for _, c := range []string{"connect_time", "request_time"} {
				if _, err := time.Parse("2006-01-02 15:04:05 MST", fmt.Sprint(row[c])); err != nil {
					t.Errorf("%s.%s: %v", query, c, err)
				}
			}
		}
	}
	for _, row := range read(t, db, "SHOW STATS") {
		for _, c := range strings.Fields("avg_xact_count avg_query_count avg_wait_time avg_recv avg_sent avg_xact_time avg_query_time") {
			number(t, row, c)
		}
	}
	checkConfig(t, db, "max_client_conn")
}
