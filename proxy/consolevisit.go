package proxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/session"
)

// consoleVisit is one console session, as far as others must reach it.
type consoleVisit struct {
	pid       uint32
	key       []byte
	interrupt admin.Interrupt
	stop      func()
}

// serveConsole serves a client of the console database.
func (s *Server) serveConsole(g *guest) {
	defer g.conn.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	v := &consoleVisit{pid: s.env.Registry.NextPID(), key: session.NewKey(4)}
	v.stop = func() {
		stop()
		_ = g.conn.SetDeadline(time.Now().Add(time.Second))
		_ = g.conn.SetReadDeadline(time.Unix(1, 0))
	}
	s.mu.Lock()
	s.consoles[v] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.consoles, v)
		s.mu.Unlock()
	}()
	if s.draining.Load() {
		v.stop()
	}
	who := admin.Session{
		User: g.startup.User, Database: g.startup.Database, Role: s.role(g.startup.User),
		BackendKey: append(binary.BigEndian.AppendUint32(nil, v.pid), v.key...), Interrupt: &v.interrupt,
	}
	if err := s.console.Serve(ctx, g.conn, who); err != nil {
		s.log.Info("console session ended", "user", who.User, "error", err.Error())
	}
}

// cancelConsole cancels the verb that a console session waits for.
func (s *Server) cancelConsole(key protocol.CancelKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.consoles {
		if v.pid == key.PID && bytes.Equal(v.key, key.Key) {
			v.interrupt.Fire()
		}
	}
}

func (s *Server) endConsoles() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.consoles {
		v.stop()
	}
}
