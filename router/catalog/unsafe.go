package catalog

import "strings"

// unsafe are PostgreSQL's own functions, and some of extensions that come
// with it, that may not run on a replica although pg_proc calls them stable
// or a standby runs them without a word, each with why. It is asked before
// any snapshot. Volatile functions need no entry; those that stand here are
// what a standby accepts in silence.
//
// The families of names that begin with pg_ are refused as a whole by
// [Silent] and [Snapshot.Builtin]: they act on, or tell of, one server or its
// catalog. tellsNothing are the exceptions.
var unsafe = map[string]string{
	"set_config":      "changes a session parameter",
	"current_setting": "may tell of one server",
	"setseed":         "seeds random() for the session",

	"nextval": "is volatile", "setval": "is volatile",
	"currval": "is a sequence's state in one session", "lastval": "is a sequence's state in one session",

	"inet_server_addr": "tells of one server", "inet_server_port": "tells of one server",
	"inet_client_addr": "tells of one server", "inet_client_port": "tells of one server",

	"table_to_xml": readsText, "table_to_xmlschema": readsText, "table_to_xml_and_xmlschema": readsText,
	"schema_to_xml": readsText, "schema_to_xmlschema": readsText, "schema_to_xml_and_xmlschema": readsText,
	"database_to_xml": readsText, "database_to_xmlschema": readsText, "database_to_xml_and_xmlschema": readsText,
	"query_to_xml": runsText, "query_to_xmlschema": runsText, "query_to_xml_and_xmlschema": runsText,
	"cursor_to_xml": runsText, "cursor_to_xmlschema": runsText,
	"ts_stat": runsText, "ts_rewrite": runsText,
	"crosstab": runsText, "crosstab2": runsText, "crosstab3": runsText, "crosstab4": runsText, "crosstabn": runsText,
	"connectby": runsText, "xpath_table": runsText, "normal_rand": "is volatile",

	"array_in": runsChecks, "array_recv": runsChecks, "record_in": runsChecks, "record_recv": runsChecks,
	"domain_in": runsChecks, "domain_recv": runsChecks, "range_in": runsChecks, "range_recv": runsChecks,
	"multirange_in": runsChecks, "multirange_recv": runsChecks,

	"has_any_column_privilege": readsCatalog, "has_column_privilege": readsCatalog, "has_database_privilege": readsCatalog,
	"has_foreign_data_wrapper_privilege": readsCatalog, "has_function_privilege": readsCatalog,
	"has_language_privilege": readsCatalog, "has_parameter_privilege": readsCatalog, "has_schema_privilege": readsCatalog,
	"has_sequence_privilege": readsCatalog, "has_server_privilege": readsCatalog, "has_table_privilege": readsCatalog,
	"has_tablespace_privilege": readsCatalog, "has_type_privilege": readsCatalog, "has_largeobject_privilege": readsCatalog,
	"to_regclass": readsCatalog, "to_regcollation": readsCatalog, "to_regnamespace": readsCatalog, "to_regoper": readsCatalog,
	"to_regoperator": readsCatalog, "to_regproc": readsCatalog, "to_regprocedure": readsCatalog, "to_regrole": readsCatalog,
	"regclass": readsCatalog, "fmgr_c_validator": readsCatalog, "fmgr_internal_validator": readsCatalog, "fmgr_sql_validator": readsCatalog,
	"mxid_age":   "tells of one server",
	"to_regtype": readsCatalog, "to_regtypemod": readsCatalog, "format_type": readsCatalog, "obj_description": readsCatalog,
	"col_description": readsCatalog, "shobj_description": readsCatalog, "row_security_active": readsCatalog,
}

// What the entries of unsafe say, behind "function f ".
const (
	runsText     = "runs SQL text"
	readsText    = "reads relations that the statement does not name"
	runsChecks   = "may run a domain's checks"
	readsCatalog = "reads the catalog"
)

// families are beginnings of names that act on one server, wherever the
// function is defined: nobody's own volatility label is believed for them.
var families = []struct{ begins, why string }{
	{"pg_advisory_", "takes an advisory lock"},
	{"pg_try_advisory_", "takes an advisory lock"},
	{"dblink", "talks to another server"},
	{"postgres_fdw_", "talks to another server"},
	{"lo_", "works on large objects"},
	{"loread", "works on large objects"},
	{"lowrite", "works on large objects"},
	{"txid_", "is a transaction's state on one server"},
	{"binary_upgrade_", "acts on one server"},
}

// tellsNothing are the functions of pg_catalog with a pg_ in front that are
// about values, not about servers or their catalogs.
var tellsNothing = map[string]bool{
	"pg_typeof": true, "pg_collation_for": true, "pg_column_size": true, "pg_column_compression": true,
	"pg_size_pretty": true, "pg_size_bytes": true, "pg_client_encoding": true, "pg_char_to_encoding": true,
	"pg_encoding_to_char": true, "pg_input_is_valid": true, "pg_input_error_info": true,
}

// Silent says why the function name, in whatever schema, may not run on a
// replica though one would accept it; "" if it is not listed. name is folded
// as the server folds it.
func Silent(name string) string {
	if why, ok := unsafe[name]; ok {
		return why
	}
	for _, f := range families {
		if strings.HasPrefix(name, f.begins) {
			return f.why
		}
	}
	return ""
}

// acting are beginnings of names of PostgreSQL's own functions that do
// something to the server they run on.
var acting = []string{
	"pg_backup_", "pg_cancel_", "pg_copy_", "pg_create_", "pg_drop_", "pg_export_snapshot", "pg_file_", "pg_log", "pg_notify",
	"pg_prewarm", "pg_promote", "pg_reload_", "pg_replication_", "pg_rotate_", "pg_start_", "pg_stat_reset", "pg_stop_",
	"pg_switch_", "pg_sync_", "pg_terminate_", "pg_wal_replay_",
}

// Acts reports whether the function name, in whatever schema, does something
// on one server that no other will know of, and that a standby allows.
func Acts(name string) bool {
	for _, f := range families {
		if strings.HasPrefix(name, f.begins) {
			return true
		}
	}
	for _, begins := range acting {
		if strings.HasPrefix(name, begins) {
			return true
		}
	}
	return false
}

// idle are volatile functions of PostgreSQL that change nothing. They go to
// the primary all the same: volatile is volatile.
var idle = map[string]bool{
	"random": true, "random_normal": true, "gen_random_uuid": true, "uuidv4": true, "uuidv7": true, "clock_timestamp": true,
	"timeofday": true, "array_sample": true, "array_shuffle": true,
}

// Idle reports whether the volatile function name changes nothing.
func Idle(name string) bool { return idle[name] }

// RunsText reports whether PostgreSQL's own function name runs SQL text, which may do anything.
func RunsText(name string) bool { return unsafe[name] == runsText || unsafe[name] == readsText }

// perTransaction are functions whose answer depends on the transaction that
// asks: on when it began, or on what it is.
var perTransaction = map[string]bool{
	"now": true, "transaction_timestamp": true, "age": true, "current_timestamp": true, "current_date": true,
	"current_time": true, "localtime": true, "localtimestamp": true, "statement_timestamp": true,
}

// PerTransaction reports whether PostgreSQL's function name gives the answer
// of the transaction it runs in.
func PerTransaction(name string) bool { return perTransaction[name] }

// ownSchemas are PostgreSQL's own. What is in them is introspection, which
// goes to the primary: migration tools look for what they have just made.
var ownSchemas = map[string]bool{"pg_catalog": true, "information_schema": true, "pg_toast": true}

// IsOwnSchema reports whether PostgreSQL's own relations are in schema name.
func IsOwnSchema(name string) bool { return ownSchemas[name] }

// IsTempSchema reports whether name is, or stands for, a session's temporary schema.
func IsTempSchema(name string) bool {
	return name == "pg_temp" || strings.HasPrefix(name, "pg_temp_") || strings.HasPrefix(name, "pg_toast_temp_")
}
