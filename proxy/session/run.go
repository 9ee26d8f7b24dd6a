package session

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// goodbyeTimeout bounds the last write to a client.
const goodbyeTimeout = 2 * time.Second

// Run serves the client until it leaves, its connection breaks or the
// session is ended. It returns with both conns given back or closed.
func (s *Session) Run() {
	defer s.env.Registry.remove(s)
	stop := s.client.Watch(s.env.Hangups, s.clientLeft)
	defer stop()
	s.end(s.serve())
}

// serve runs the session; a bug ends this session and no other.
func (s *Session) serve() (err error) {
	defer func() {
		if bug := recover(); bug != nil {
			s.env.Registry.panics.Add(1)
			s.env.Log.Error("bug: session panicked", "client", s.ID, "panic", fmt.Sprint(bug), "stack", string(debug.Stack()))
			if s.conn != nil {
				s.conn.Doom()
			}
			err = pgerror.Fatal(pgerror.InternalError, "internal error in wye")
		}
	}()
	for err == nil {
		err = s.step()
	}
	return err
}

// clientLeft notes that the client has hung up. While it is read from, the
// session sees that by itself; while the server works for it, nobody waits
// for the answer any more, and Enforce ends the session. It is called by the
// hang-up watcher.
func (s *Session) clientLeft() { s.shown.left.Store(int64(now())) }

// halfCloseGrace is how long the server may go on after the client has closed
// its side: it may still read.
const halfCloseGrace = 200 * time.Millisecond

// end says good-bye to the client and gives back the server conn.
func (s *Session) end(err error) {
	s.setState(draining, now())
	if e := s.lastWord(err); e != nil {
		s.counts.Failed(e.Code)
		s.client.SetWriteDeadline(time.Now().Add(goodbyeTimeout))
		_ = s.client.Send(e.AppendFrame(nil))
	}
	_ = s.client.Close()
	s.counts.Add(&s.tally)
	s.leaveGang()
	s.leaveServer()
	s.setPins(0)
	s.dropTraffic()
	s.setState(closed, now())
}

// lastWord is what the client is told when the session ends.
func (s *Session) lastWord(err error) *pgerror.Error {
	var e *pgerror.Error
	switch {
	case errors.Is(err, errVerdict):
		if v := s.verdict.Load(); v != nil {
			return v.err
		}
	case errors.As(err, &e):
		return e.AsFatal()
	}
	return nil
}

// leaveServer gives the conn back in the state in which others can use it,
// or closes it.
func (s *Session) leaveServer() {
	c := s.conn
	if c == nil {
		return
	}
	s.conn = nil
	s.leaveReplica(now(), true)
	s.shown.conn.Store(0)
	s.unwatchServer(c)
	if s.t != nil && (s.owed() || s.t.rest > 0 || s.t.feeding) || s.running.Load() != nil || s.pins.has(pinsForever) || c.Dead() {
		// PostgreSQL notices a closed connection only when it writes.
		s.tellWritten() // what is under way may be done before the cancel arrives
		s.cancelNow()
		s.running.Store(nil)
		c.Doom()
		c.Release()
		return
	}
	s.running.Store(nil)
	if err := c.Settle(); err != nil {
		c.Doom()
	}
	dirty := c.Status != protocol.TxIdle || s.pins != 0 || s.mode() == Wholly || s.change.any()
	if dirty {
		if err := c.Clean(); err != nil {
			s.env.Log.Warn("server conn could not be reset, closing it", "server", c.Addr, "error", err.Error())
			c.Doom()
		}
	}
	c.Release()
}
