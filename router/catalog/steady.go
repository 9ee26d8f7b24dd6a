package catalog

import "strings"

// steady are PostgreSQL's own functions that are stable and not immutable for
// one reason only: they look at session parameters (TimeZone, DateStyle,
// IntervalStyle, lc_*, default_text_search_config), or at definitions that
// only DDL changes. Where both are part of what a cached answer is found by,
// they give the same answer again. A literal that means the present moment
// ('now', 'today') is not their doing; who keeps answers must look for it.
// The functions of the names that stand here with several signatures are all
// of that kind (pg_proc of PostgreSQL 14 to 18).
var steady = func() map[string]bool {
	all := map[string]bool{}
	for _, name := range strings.Fields(`
		anytextcat textanycat concat concat_ws convert convert_from convert_to current_database format length
		quote_literal quote_nullable array_to_string string_to_array in_range generate_series overlaps pg_typeof
		date_part date_trunc date_bin extract timezone make_timestamptz to_char to_date to_number to_timestamp
		date time timetz timestamp timestamptz numeric money
		date_cmp_timestamptz date_eq_timestamptz date_ge_timestamptz date_gt_timestamptz date_le_timestamptz
		date_lt_timestamptz date_ne_timestamptz timestamp_cmp_timestamptz timestamp_eq_timestamptz
		timestamp_ge_timestamptz timestamp_gt_timestamptz timestamp_le_timestamptz timestamp_lt_timestamptz
		timestamp_ne_timestamptz timestamptz_cmp_date timestamptz_cmp_timestamp timestamptz_eq_date
		timestamptz_eq_timestamp timestamptz_ge_date timestamptz_ge_timestamp timestamptz_gt_date
		timestamptz_gt_timestamp timestamptz_le_date timestamptz_le_timestamp timestamptz_lt_date
		timestamptz_lt_timestamp timestamptz_ne_date timestamptz_ne_timestamp
		interval_pl_timestamptz timestamptz_pl_interval timestamptz_mi_interval
		array_to_json row_to_json to_json to_jsonb json_agg jsonb_agg json_build_array json_build_object
		jsonb_build_array jsonb_build_object json_object_agg jsonb_object_agg json_populate_record
		json_populate_recordset jsonb_populate_record jsonb_populate_recordset json_to_record json_to_recordset
		jsonb_to_record jsonb_to_recordset jsonb_path_exists_tz jsonb_path_match_tz jsonb_path_query_array_tz
		jsonb_path_query_first_tz jsonb_path_query_tz
		to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline
		json_to_tsvector jsonb_to_tsvector enum_first enum_last enum_range`) {
		all[name] = true
	}
	return all
}()

// Steady reports whether PostgreSQL's stable function name gives the same
// answer as long as session parameters and the catalog are the same.
func Steady(name string) bool { return steady[name] }
