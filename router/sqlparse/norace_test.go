//go:build !race

package sqlparse

const (
	slow    = 1
	biggest = 1 << 20
)
