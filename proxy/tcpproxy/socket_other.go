//go:build !linux

package tcpproxy

import (
	"context"
	"net"
	"time"
)

// connect dials.
func connect(ctx context.Context, addr string, by time.Time) (net.Conn, error) {
	return dialAny(ctx, addr, by)
}
