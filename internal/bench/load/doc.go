// Package load makes PostgreSQL clients: one at a time to log in, sit idle or
// read slowly (Dial), or many at once from one thread for a measurement (Run).
//
// It owns its sockets and its one epoll thread, which costs about 3
// microseconds of CPU per query, so that on a machine of two cores the
// proxies are measured and not the generator. It never interprets rows: an
// answer is the frames up to ReadyForQuery, and an ErrorResponse is counted
// and its first text kept. It never retries.
//
// A measurement with Errors is not a measurement: read FirstError. Clients
// that got no answer are counted as Stalled. Linux only.
package load
