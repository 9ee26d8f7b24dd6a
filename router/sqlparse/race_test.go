//go:build race

package sqlparse

// slow is how many times longer everything may take under the race detector;
// biggest is the size of hostile texts.
const (
	slow    = 20
	biggest = 1 << 17
)
