//go:build race

package difftest

// detecting: the race detector watches. Then each statement goes over shards
// once by each way of doing it: what is answered is proved without the detector.
const detecting = true
