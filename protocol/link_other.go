//go:build !linux || 386

package protocol

import "net"

// newRawLink returns nil: only Linux has the raw link, and not where recv and
// send are not system calls of their own.
func newRawLink(net.Conn) Link { return nil }
