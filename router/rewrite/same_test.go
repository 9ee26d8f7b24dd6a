package rewrite

import "testing"

// TestSame: what differs only in where it stands is the same, and whatever
// else differs is not.
func TestSame(t *testing.T) {
	const text = "SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1, 2) GROUP BY a"
	for other, want := range map[string]bool{
		text: true, "select  a,  count(*)\nfrom t where (b > 5) and c in (1,2) group by a": true,
		"SELECT a, count(*) FROM t WHERE b > 6 AND c IN (1, 2) GROUP BY a":         false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1, 2, 3) GROUP BY a":      false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1) GROUP BY a":            false,
		"SELECT a, count(b) FROM t WHERE b > 5 AND c IN (1, 2) GROUP BY a":         false,
		"SELECT a, count(*) FROM t WHERE b > '5' AND c IN (1, 2) GROUP BY a":       false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1, 2)":                    false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1, 2) GROUP BY a, b":      false,
		"SELECT a, count(*) FROM t x WHERE b > 5 AND c IN (1, 2) GROUP BY a":       false,
		"SELECT a, count(*) FROM t WHERE b > 5 OR c IN (1, 2) GROUP BY a":          false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c NOT IN (1, 2) GROUP BY a":     false,
		"SELECT a, count(*) FROM ONLY t WHERE b > 5 AND c IN (1, 2) GROUP BY a":    false,
		"SELECT a, count(*) FROM t WHERE b > NULL AND c IN (1, 2) GROUP BY a":      false,
		"SELECT a, count(*) FROM t WHERE b > 5 AND c IN (1, 2) GROUP BY a LIMIT 1": false,
	} {
		if Same(parse(t, text), parse(t, other)) != want || Same(parse(t, other), parse(t, text)) != want {
			t.Errorf("%s: not %v", other, want)
		}
	}
}
