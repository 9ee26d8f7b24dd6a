package tcpproxy

import (
	"errors"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// ErrNoServer is of a name that no server of the pool has.
var ErrNoServer = errors.New("there is no such server")

// Drain takes a server, by its name or address, out of rotation until Ready.
// Its relays go on for the pool's Drain, or as long as they will.
func (p *Pool) Drain(server string) error {
	u, err := p.find(server)
	if err != nil {
		return err
	}
	u.Host.Drain(true)
	if d := p.settings.Load().Drain; d > 0 {
		p.endAfter(u.Host, d)
	}
	return nil
}

// Maintain takes a server out of rotation and closes its relays.
func (p *Pool) Maintain(server string) error {
	u, err := p.find(server)
	if err != nil {
		return err
	}
	u.Host.Drain(true)
	p.endAfter(u.Host, 0) // for those that are being dialled
	p.mu.Lock()
	defer p.mu.Unlock()
	for r := p.relays.first(); r != nil; r = p.relays.after(r) {
		if r.to.up.Host == u.Host {
			r.sever()
		}
	}
	return nil
}

// Ready undoes Drain and Maintain.
func (p *Pool) Ready(server string) error {
	u, err := p.find(server)
	if err != nil {
		return err
	}
	p.mu.Lock()
	delete(p.ends, u.Host)
	p.mu.Unlock()
	u.Host.Drain(false)
	return nil
}

func (p *Pool) find(server string) (*upstream.Upstream, error) {
	for _, u := range p.ups.Upstreams() {
		if u.Name == server || u.Addr == server {
			return u, nil
		}
	}
	return nil, ErrNoServer
}
