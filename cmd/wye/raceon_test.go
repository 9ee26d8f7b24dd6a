//go:build race

package main

// raceFlags: under the race detector the program that tests start is built
// with it too, or they would prove nothing about races.
var raceFlags = []string{"-race"}

// leakSteps are the steps of TestLeaks: here enough for sessions to meet each
// other in every way. That nothing leaks is proved without the detector.
const leakSteps = 3_000
