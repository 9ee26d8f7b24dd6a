package proxy

import (
	"time"

	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/tcpproxy"
	"github.com/wyeproxy/wye/proxy/upstream"
)

// httpBalance is a running pool of servers of HTTP.
type httpBalance struct {
	servers *upstream.Pool
	pool    *httpproxy.Pool
	probes  *httpproxy.Probes
}

func newHTTPBalance(p *balancePlan) (*httpBalance, error) {
	b := &httpBalance{probes: new(httpproxy.Probes)}
	b.probes.Store(&p.prober)
	var err error
	if b.servers, err = upstream.New(upstream.Options{Prober: b.probes}, p.balance, p.servers); err != nil {
		return nil, err
	}
	b.pool = httpproxy.NewPool(p.Name, b.servers, p.http)
	return b, nil
}

func (b *httpBalance) use(p *balancePlan, servers []upstream.Target) error {
	b.probes.Store(&p.prober)
	if err := b.servers.Use(p.balance, servers); err != nil {
		return err
	}
	b.pool.Use(p.http)
	return nil
}

// quit ends it when no request is under way, or when stop is closed.
func (b *httpBalance) quit(stop <-chan struct{}) {
	defer b.close()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for b.pool.Count.Read().Active > 0 {
		select {
		case <-look.C:
		case <-stop:
			return
		}
	}
}

func (b *httpBalance) close() {
	b.servers.Close()
	b.pool.Close()
}

// order takes a server out of use, or back. Requests end soon: there is no
// difference between drain and maint.
func (b *httpBalance) order(server string, order admin.ServerOrder) error {
	for _, u := range b.servers.Upstreams() {
		if u.Name == server || u.Addr == server {
			u.Drain(order != admin.ServerReady)
			return nil
		}
	}
	return tcpproxy.ErrNoServer
}
