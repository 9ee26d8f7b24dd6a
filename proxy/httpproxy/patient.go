package httpproxy

import (
	"net"
	"sync/atomic"
	"time"
)

// patient is a server's conn that ends when nothing has moved on it for a
// while. Each byte in or out counts, so that long downloads, streams and
// the like live as long as something happens.
type patient struct {
	net.Conn
	stall time.Duration
	moved atomic.Int64 // when the deadline was last set, ns
	freed atomic.Bool  // it may be idle for ever
}

func (p *patient) Read(b []byte) (int, error) {
	p.postpone()
	return p.Conn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	p.postpone()
	return p.Conn.Write(b)
}

func (p *patient) postpone() {
	if now := time.Now(); !p.freed.Load() && due(&p.moved, now) {
		_ = p.SetDeadline(now.Add(p.stall + deadlineStep))
	}
}

// free takes the limit away. Not during a Read or Write.
func (p *patient) free() {
	p.freed.Store(true)
	_ = p.SetDeadline(time.Time{})
}

// CloseWrite lets a tunnel pass on that one side has ended.
func (p *patient) CloseWrite() error {
	if c, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return p.Conn.Close()
}
