package tcpproxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// dialled is a connection to a server, counted there as begun.
type dialled struct {
	up   *upstream.Upstream
	conn net.Conn
}

// dial connects to the server that the policy picks, and to another where that
// fails, up to Tries. The client's first bytes have not been passed on yet, so
// nothing can happen twice.
func (p *Pool) dial(ctx context.Context, client, at netip.AddrPort) (dialled, error) {
	s := p.settings.Load()
	want := upstream.Want{Zone: s.Zone}
	if upstream.Keyed(s.Balance.Policy) {
		want.Key = upstream.KeyOfAddr(client.Addr(), s.IPv4, s.IPv6)
	}
	var last error
	for range min(s.Tries, len(s.Servers)) {
		want.Now = 0
		u, err := p.ups.Take(ctx, want)
		if err != nil {
			return dialled{}, cmp.Or(last, err)
		}
		began := p.ups.Now()
		conn, err := s.reach(ctx, u.Addr, client, at)
		now := p.ups.Now()
		took := time.Duration(now - began)
		if err == nil {
			u.Answered(now, took, true)
			return dialled{u, conn}, nil
		}
		if ctx.Err() != nil { // we are closing
			u.Forget(now)
			return dialled{}, err
		}
		u.End(now, took, false)
		want.Avoid |= u.Bit()
		last = fmt.Errorf("%s: %w", u.Name, err)
	}
	return dialled{}, last
}

// reach makes a connection that is ready for the client's bytes. Checks come
// this way too: a server that passes them can be reached by clients.
func (s *PoolSettings) reach(ctx context.Context, addr string, client, at netip.AddrPort) (net.Conn, error) {
	by := time.Now().Add(s.Connect)
	if sooner, ok := ctx.Deadline(); ok && sooner.Before(by) {
		by = sooner
	}
	conn, err := connect(ctx, addr, by)
	if err != nil {
		return nil, err
	}
	if s.Header == NoHeader && s.TLS == nil {
		return conn, nil
	}
	_ = conn.SetDeadline(by)
	if s.Header != NoHeader {
		if _, err := conn.Write(s.Header.append(nil, client, at)); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	if s.TLS == nil {
		_ = conn.SetDeadline(time.Time{})
		return conn, nil
	}
	ctx, cancel := context.WithDeadline(ctx, by)
	defer cancel()
	return s.handshake(ctx, conn, addr)
}

func (s *PoolSettings) handshake(ctx context.Context, conn net.Conn, addr string) (net.Conn, error) {
	config := s.TLS
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName = hostOf(addr)
	}
	t := tls.Client(conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("tls: %w", err)
	}
	_ = conn.SetDeadline(time.Time{})
	return t, nil
}
