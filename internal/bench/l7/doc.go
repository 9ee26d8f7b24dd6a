// Command l7 measures wye's HTTP listener beside nginx and HAProxy: the CPU of
// the proxy's process per keep-alive request, memory per idle conn, what each
// adds to the 99th percentile at half of wye's full load, and whether wye's
// memory grows with the requests it has served. It starts all of them on
// loopback before one origin, in turn for each round, and ends what it started.
// Linux, with wrk, nginx and haproxy installed; the wye to measure is its
// argument.
package main
