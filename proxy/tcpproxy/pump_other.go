//go:build !linux

package tcpproxy

// pump is what one direction needs beside its connections: nothing here.
type pump struct{}

func (h *half) move() error { return h.moveAny() }
