package sqlparse

import "bytes"

// ExplainRoute recognises EXPLAIN ROUTE, which is ours and not PostgreSQL's,
// and returns the statement behind it: a part of sql, or a copy where a hint
// stands before ROUTE, for it is a hint to the statement.
func ExplainRoute(sql []byte) (rest []byte, ok bool) {
	first := skipBlank(sql, 0)
	second := skipBlank(sql, wordEnd(sql, first))
	end := wordEnd(sql, second)
	if !foldIs(sql[first:wordEnd(sql, first)], "explain") || !foldIs(sql[second:end], "route") {
		return nil, false
	}
	if before := sql[:second]; bytes.Contains(before, []byte(hintMark)) {
		copied := append([]byte(nil), sql[:first]...)
		copied = append(copied, sql[first+len("explain"):second]...)
		return append(copied, sql[end:]...), true
	}
	return sql[end:], true
}
