// Package tcpproxy balances TCP connections over servers.
//
// A Door is one listener's way in: it counts and limits clients, reads the
// PROXY header, ends TLS or looks for the server name in it, and chooses the
// Pool. The Pool picks a server, dials it (and another, if it cannot be
// reached), and relays until both ends are done. What is known of the servers
// is in proxy/upstream; how a server is checked is in probe.go.
//
// A relay is two goroutines, one a direction, that hold nothing while nothing
// moves: a buffer is taken when there is something to read, and a pipe when
// there is a lot, which then goes from socket to socket within the kernel
// (pump_linux.go). Each Pool has one more goroutine, the sweeper, that looks at
// all relays once in a while: it ends those on which nothing moved, or whose
// server is drained, so no relay needs a timer, and counts bytes.
//
// It reads no configuration, and knows no protocol above TLS. When connections
// go to the wrong place look in visit.go, when servers are not reached in
// dial.go and socket_linux.go, when connections end too early in sweep.go, when
// bytes are late or lost in pump*.go and relay.go.
package tcpproxy
