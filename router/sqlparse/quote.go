package sqlparse

import "strings"

// keywords that an identifier must not be spelled like without quotes: those
// that are not "non-reserved" in appendix C of PostgreSQL 16's documentation.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(`
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
boolean both case cast char character check coalesce collate collation column concurrently
constraint create cross current_catalog current_date current_role current_schema
current_time current_timestamp current_user dec decimal default deferrable desc distinct do
else end except exists extract false fetch float for foreign freeze from full grant greatest
group grouping having ilike in initially inner inout int integer intersect interval into is
isnull join json_array json_arrayagg json_object json_objectagg lateral leading least left
like limit localtime localtimestamp national natural nchar none normalize not notnull null
nullif numeric offset on only or order out outer overlaps overlay placing position precision
primary real references returning right row select session_user setof similar smallint some
substring symmetric system_user table tablesample then time timestamp to trailing treat trim
true union unique user using values varchar variadic verbose when where window with
xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot
xmlserialize xmltable
`) {
		m[word] = true
	}
	return m
}()

// quoteIdent writes name as an identifier, quoted only where PostgreSQL's
// quote_identifier would quote it.
func quoteIdent(name string) string {
	if plainIdent(name) && !keywords[name] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

func plainIdent(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if !(c >= 'a' && c <= 'z' || c == '_' || i > 0 && isDigit(c)) {
			return false
		}
	}
	return name != ""
}
