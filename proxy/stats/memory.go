package stats

import "runtime/metrics"

// Memory is what the Go runtime holds, in bytes. The C side of the SQL parser
// is not in it.
type Memory struct {
	Objects    int64 // live and not yet swept
	Free       int64 // held by the heap, without objects
	Stacks     int64
	Other      int64 // the runtime's own
	Total      int64 // mapped; the four above plus what went back to the system
	Goroutines int64
}

// ReadMemory asks the runtime. It stops nothing and costs microseconds.
func ReadMemory() Memory {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/heap/free:bytes"},
		{Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/sched/goroutines:goroutines"},
	}
	metrics.Read(samples)
	v := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	m := Memory{Objects: v(0), Free: v(1) + v(2), Stacks: v(3), Total: v(5), Goroutines: v(6)}
	m.Other = m.Total - v(4) - m.Objects - m.Free - m.Stacks
	return m
}
