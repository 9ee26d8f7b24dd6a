package leakcheck

// setting is one that steps change, with values PostgreSQL accepts. Timeouts
// are long: they are state to be kept, not to be met.
type setting struct {
	name   string
	values []string
}

var settings = []setting{
	{"TimeZone", []string{"UTC", "Asia/Tokyo", "Europe/Paris", "America/New_York", "Asia/Kolkata"}},
	{"DateStyle", []string{"ISO, MDY", "ISO, DMY", "German, DMY", "SQL, MDY", "Postgres, DMY"}},
	{"IntervalStyle", []string{"postgres", "iso_8601", "sql_standard", "postgres_verbose"}},
	{"search_path", []string{"public", "leak_s1, public", "leak_s2, public", "leak_s2, leak_s1, public"}},
	{"work_mem", []string{"1MB", "2MB", "3MB", "5MB", "64kB"}},
	{"application_name", []string{"one", "two words", "it's three", ""}},
	{"statement_timeout", []string{"0", "10min", "11min"}},
	{"lock_timeout", []string{"0", "12min", "13min"}},
	{"idle_in_transaction_session_timeout", []string{"0", "14min"}},
	{"extra_float_digits", []string{"0", "1", "3", "-4"}},
	{"bytea_output", []string{"hex", "escape"}},
	{"client_min_messages", []string{"notice", "warning", "error"}},
	{"default_transaction_isolation", []string{"read committed", "repeatable read", "serializable"}},
	{"default_transaction_read_only", []string{"off", "off", "on"}},
	{"standard_conforming_strings", []string{"on", "on", "off"}},
	{"client_encoding", []string{"UTF8", "UTF8", "LATIN1"}},
	{"enable_seqscan", []string{"on", "off"}},
	{"jit", []string{"on", "off"}},
	{"plan_cache_mode", []string{"auto", "force_custom_plan", "force_generic_plan"}},
	{"row_security", []string{"on", "off"}},
	{"xmloption", []string{"content", "document"}},
	{"leak.custom", []string{"a", "b", "c d", ""}},
	{"leak.other", []string{"1", "2"}},
}

func valuesOf(name string) []string {
	for _, s := range settings {
		if s.name == name {
			return s.values
		}
	}
	return nil
}

// audit asks for all state of a session at once: what is set, who it is, and
// what it has open, holds, listens to and prepared by SQL. One line for each,
// so that a report can show the lines that differ.
var audit = auditSQL()

func auditSQL() string {
	sql := "select 'user ' || current_user || ' ' || session_user"
	for _, s := range settings {
		sql += " union all select '" + s.name + " ' || coalesce(current_setting('" + s.name + "', true), 'unknown')"
	}
	return sql + `
 union all select 'cursors ' || coalesce(string_agg(name, ',' order by name), '') from pg_cursors where name <> '' and is_holdable
 union all select 'listens ' || coalesce(string_agg(c, ',' order by c), '') from pg_listening_channels() c
 union all select 'prepared ' || coalesce(string_agg(name, ',' order by name), '') from pg_prepared_statements where from_sql
 union all select 'temporary ' || coalesce(string_agg(relname, ',' order by relname), '') from pg_class
  where relnamespace = pg_my_temp_schema() and relkind = 'r'
 union all select 'locks ' || coalesce(string_agg(mode || objid, ',' order by mode, objid), '') from pg_locks
  where locktype = 'advisory' and pid = pg_backend_pid()
 union all select 'date ' || '1999-12-31'::date union all select 'interval ' || interval '1 day 2 hours'
 union all select 'time ' || '2020-06-01 12:00+00'::timestamptz union all select 'float ' || (0.1::float8 + 0.2)`
}
