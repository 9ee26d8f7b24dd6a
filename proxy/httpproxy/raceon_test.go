//go:build race

package httpproxy

// underRace says that the race detector looks on.
const underRace = true
