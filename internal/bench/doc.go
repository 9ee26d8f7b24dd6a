// Command bench is `make bench`: wye beside PostgreSQL alone and PgBouncer, in
// one interleaved run on one machine.
//
// It owns everything it starts: a throw-away cluster (internal/testpg) or a
// canned server (fakepg), the proxies as processes of their own, a private
// folder, and the load (load). For each repetition and cell all targets run
// in turn, in an order that rotates; ratios are taken within a repetition,
// so a slow moment of a shared machine falls on all. CPU is what the kernel
// counted for the proxy's process, user and system, between the same two
// moments as the transactions.
//
// With FAKE=1 the proxies stand on one CPU and everything else on another:
// the steadiest figures, and the ones to steer by. Absolute figures of two
// runs are never to be compared. There wye runs a second time, as wye-split,
// with a replica to read from; the run fails if less than leastSplit of its
// plain SELECTs reached that (split.go).
//
// PARTS=l4 measures TCP pools instead, beside HAProxy in TCP mode (l4.go): CPU
// per small message, per GB and per connection, and memory per idle one.
//
// It never tests that answers are right, and it changes no setting of the
// machine beyond its own processes. When a figure looks odd: the column
// "note" has errors, JSON=file has every single measurement, "others" below
// the table says how much of the machine somebody else used, and a proxy that
// does not start prints the end of its own log (child.go). Linux only.
package main
