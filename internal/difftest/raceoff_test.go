//go:build !race

package difftest

const detecting = false
