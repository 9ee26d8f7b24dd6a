//go:build !race

package main

var raceFlags []string

const leakSteps = 10_000
