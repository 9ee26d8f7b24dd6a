package tcpproxy

import (
	"context"
	"net"
	"syscall"
	"time"
)

// socket is a TCP connection whose descriptor can be used between the calls of
// the runtime's poller: a *net.TCPConn, or one of our own making.
type socket interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
	SetLinger(seconds int) error
	SetKeepAliveConfig(net.KeepAliveConfig) error
}

// dialAny is for names, and for systems on which we make no sockets. Not by
// Dialer.DialTCP (Go 1.26), which binds before it connects: then each port of
// ours serves one connection, to whomever it is.
func dialAny(ctx context.Context, addr string, by time.Time) (net.Conn, error) {
	d := net.Dialer{KeepAlive: -1, Deadline: by} // see keepalive.go
	return d.DialContext(ctx, "tcp", addr)
}
