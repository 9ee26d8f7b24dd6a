//go:build race

package main

// raceFlags: under the race detector the program that tests start is built
// with it too, or they would prove nothing about races.
var raceFlags = []string{"-race"}
