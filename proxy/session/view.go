package session

import (
	"net"
	"time"
)

// Words for what a client is doing, as SHOW CLIENTS has them.
const (
	Idle    = "idle"
	Waiting = "waiting"
	Active  = "active"
)

// View is what others may know of a session at one moment.
type View struct {
	State       string
	Request     time.Time // of the last request, or of the last change of state
	Conn        uint64    // id of its server conn, 0 = none
	Application string
	Prepared    int
	Pins        []string
	PinnedSince time.Time
	NetConn     net.Conn
}

// View describes the session. Any goroutine may call it.
func (s *Session) View() View {
	st, at := s.doing()
	since := start.Add(at)
	v := View{
		State: Idle, Request: since, Conn: s.shown.conn.Load(), Application: s.shown.application,
		Prepared: int(s.shown.prepared.Load()), Pins: pinSet(s.shown.pins.Load()).names(), NetConn: s.client.NetConn(),
	}
	switch st {
	case queued:
		v.State = Waiting
	case active, holding:
		v.State = Active
	}
	if len(v.Pins) > 0 {
		v.PinnedSince = since
	}
	return v
}

// String is the mode's name in the configuration.
func (m Mode) String() string {
	return [...]string{"transaction", "session", "statement"}[m]
}
