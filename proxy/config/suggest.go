package config

import "slices"

// didYouMean returns `, did you mean "x"` for the candidate nearest to what was
// written, or "" when none is near.
func didYouMean(written string, candidates []string) string {
	best, least := "", 1+max(1, min(3, len(written)/3))
	for _, c := range candidates {
		if d := distance(written, c, least); d < least {
			best, least = c, d
		}
	}
	if best == "" {
		return ""
	}
	return `, did you mean "` + best + `"`
}

// distance is the number of bytes to insert, drop, change or swap with their
// neighbour to make b of a (optimal string alignment); at least limit when the
// lengths alone say so.
func distance(a, b string, limit int) int {
	if d := len(a) - len(b); d >= limit || -d >= limit {
		return limit
	}
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func keysOf(fields []field) []string {
	var keys []string
	for _, f := range fields {
		keys = append(keys, f.key)
	}
	slices.Sort(keys)
	return keys
}
