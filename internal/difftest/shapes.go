package difftest

// Shape is one row of sharding.md section 6: what clients write, and the tier
// that may answer it over several shards.
type Shape struct {
	Row   string
	Title string
	Tier  string // of the most able way: "1" one shard, "A", "B", "C" with gather, "W" a write, "R" refused
}

// Shapes is the table of section 6.
var Shapes = []Shape{
	{"1", "key = const, param, cast, 3+4; row = row", "1"},
	{"2", "key = 7.0; key = 7.5", "1"},
	{"3", "key IN, = ANY, IN (VALUES)", "A"},
	{"4", "key=3 OR key=1700", "A"},
	{"5", "key=3 OR other=40", "A"},
	{"6", "key<>3, NOT key=3, with aggregates", "B"},
	{"7", "ranges of the key", "A"},
	{"8", "key=3 AND key=4; key IS NULL; bound NULL", "1"},
	{"9", "the key in the target list, CASE, outer ON only", "A"},
	{"10", "full scan, filter", "A"},
	{"11", "ORDER BY with LIMIT/OFFSET, merged", "A"},
	{"12", "ORDER BY collation, interval, enum, jsonb, USING", "B"},
	{"13", "ORDER BY what is not returned, expressions", "A"},
	{"14", "NULLS FIRST/LAST", "A"},
	{"15", "FETCH FIRST WITH TIES", "B"},
	{"16", "LIMIT without ORDER BY", "A"},
	{"17", "DISTINCT [ON] without the key", "B"},
	{"18", "DISTINCT with the key", "A"},
	{"19", "count, with zero rows", "B"},
	{"20", "sum, min, max, avg", "B"},
	{"21", "stddev, variance", "B"},
	{"22", "bool_and, bool_or, every, bit_*", "B"},
	{"23", "string_agg, array_agg, json_agg", "C"},
	{"24", "count/sum(DISTINCT)", "B"},
	{"25", "FILTER", "B"},
	{"26", "expressions over aggregates", "B"},
	{"27", "percentile, mode, rank; user aggregates", "C"},
	{"28", "GROUP BY what is not the key", "B"},
	{"29", "GROUP BY with the key", "A"},
	{"30", "HAVING", "B"},
	{"31", "GROUP BY, ORDER BY aggregate, LIMIT", "B"},
	{"32", "GROUPING SETS, ROLLUP, CUBE", "C"},
	{"33", "window by the key", "A"},
	{"34", "window global or by another column", "C"},
	{"35", "join on the key", "A"},
	{"36", "join on the key, with aggregates", "B"},
	{"37", "join not on the key, cross, by range", "C"},
	{"38", "sharded [LEFT] JOIN reference", "A"},
	{"39", "reference LEFT JOIN sharded, [NOT] EXISTS(sharded)", "C"},
	{"40", "reference only", "1"},
	{"41", "IN, EXISTS, scalar, LATERAL correlated on the key", "A"},
	{"42", "IN, NOT IN, scalar, not correlated", "A"},
	{"43", "correlated not on the key", "C"},
	{"44", "derived table or CTE with aggregate or LIMIT", "C"},
	{"45", "simple CTE", "A"},
	{"46", "CTE joined to itself not on the key; recursive", "C"},
	{"47", "UNION ALL of aligned arms", "A"},
	{"48", "UNION, INTERSECT, EXCEPT; of aggregates", "C"},
	{"49", "VALUES, SELECT 1+1, now()", "1"},
	{"50", "generate_series joined with sharded", "A"},
	{"51", "EXISTS as a boolean", "B"},
	{"52", "TABLESAMPLE, FOR UPDATE", "A"},
	{"53", "views; unknown relations", "A"},
	{"54", "temporary table with sharded", "R"},
	{"55", "INSERT of one row, of many, of a SELECT", "W"},
	{"56", "INSERT of a NULL or unmapped key", "W"},
	{"57", "UPDATE, DELETE by key, fan-out, USING", "W"},
	{"58", "UPDATE of the key", "W"},
	{"59", "ON CONFLICT", "W"},
	{"60", "writing CTE, MERGE, WHERE CURRENT OF, volatile", "R"},
	{"61", "COPY", "W"},
	{"62", "DDL", "W"},
	{"63", "REPEATABLE READ, SERIALIZABLE", "R"},
	{"64", "cursors", "A"},
	{"65", "LISTEN, advisory locks, large objects, currval", "1"},
	{"66", "DO, CALL, functions that read sharded tables", "R"},
}

// ManyShards tells whether an answer needs several shards and may be had:
// the rows that the goal of 85 % is about.
func (s Shape) ManyShards() bool { return s.Tier != "1" && s.Tier != "R" }

// Read tells whether it is a SELECT that gather answers at the latest.
func (s Shape) Read() bool { return s.Tier == "A" || s.Tier == "B" || s.Tier == "C" }
