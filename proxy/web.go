package proxy

import (
	"context"
	"fmt"
	"net"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/web"
)

// startWeb serves /metrics and the like, where that is configured. It goes on
// until Close: /readyz must say no while the proxy drains.
func (s *Server) startWeb(c *config.AdminHTTP) error {
	if c == nil {
		return nil
	}
	l, err := net.Listen("tcp", c.Bind)
	if err != nil {
		return fmt.Errorf("admin.http: %w", err)
	}
	s.log.Info("listening", "listener", "admin.http", "addr", l.Addr().String())
	s.webAddr = l.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := web.Serve(ctx, l, web.New(s, web.Options{Token: c.Token.Reveal(), PgBouncer: true})); err != nil {
			s.log.Error("admin.http ended", "error", err.Error())
		}
	}()
	s.stopWeb = func() {
		cancel()
		<-done
	}
	return nil
}

// WebAddr returns where /metrics and the like are served, nil when they are
// off.
func (s *Server) WebAddr() net.Addr { return s.webAddr }
