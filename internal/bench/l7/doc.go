// Command l7 measures wye's HTTP listener beside nginx and HAProxy: the CPU of
// the proxy's process per keep-alive request, p99 at a fixed rate, and memory
// per idle connection. It starts all of them on loopback before one origin, in
// turn for each round, and ends what it started. Linux, with wrk, nginx and
// haproxy installed; the wye to measure is its argument.
package main
