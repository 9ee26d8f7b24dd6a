//go:build !linux

package protocol

import "net"

// Hangups is only there on Linux: elsewhere a peer that hangs up is noticed
// at the next read.
type Hangups struct{}

// NewHangups returns a watcher that never tells.
func NewHangups() (*Hangups, error) { return &Hangups{}, nil }

// Watch does nothing.
func (*Hangups) Watch(net.Conn, func()) (stop func()) { return func() {} }

func (*Hangups) watchFor(net.Conn, func()) (stop func(), watched bool) { return func() {}, false }

// Close does nothing.
func (*Hangups) Close() {}
