package session

import (
	"context"

	"github.com/wyeproxy/wye/proxy/connpool"
)

// cancelable makes these conns the targets of cancel requests; nil: none.
func (s *Session) cancelable(conns []*connpool.Conn) {
	if conns == nil {
		s.shards.running.Store(nil)
		return
	}
	s.shards.running.Store(&conns)
}

// began notes how a transaction has begun on its first server, for those that
// may join it.
func (sh *sharding) began(s *Session) {
	sh.gang.prelude = append(sh.gang.prelude[:0], s.tx.begin...)
	sh.gang.isolated = isolated(s.wish.isolation, s.tx.mode)
}

// cancel cancels the scattered statement under way. See Session.Cancel for
// why the conns are looked at twice.
func (sh *sharding) cancel(ctx context.Context, s *Session) {
	list := sh.running.Load()
	if list == nil {
		return
	}
	for _, c := range *list {
		c.BeginCancel()
		if sh.running.Load() == list {
			if err := c.Cancel(ctx); err != nil {
				s.env.Log.Warn("cancel request failed", "client", s.ID, "server", c.Addr, "error", err.Error())
			}
		}
		c.EndCancel()
	}
}

// sever closes the conns of the scattered statement under way.
func (sh *sharding) sever() {
	list := sh.running.Load()
	if list == nil {
		return
	}
	for _, c := range *list {
		c.BeginCancel() // or it could be in other hands by now
		if sh.running.Load() == list {
			_ = c.NetConn().Close()
		}
		c.EndCancel()
	}
}
