package proxy

import (
	"sync/atomic"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// held counts what waits for a primary.
type held struct{ requests, bytes, total atomic.Int64 }

// Hold implements session.Servers.
func (p *userPool) Hold(n int) (release func(), err error) {
	c := p.cluster
	f := c.fleet.Load()
	if _, ok := f.primary(); ok || f.hopeful() == 0 {
		return nil, nil
	}
	limit := c.route.Load().cluster.Failover.Buffer
	h := &c.held
	release = func() {
		h.requests.Add(-1)
		h.bytes.Add(-int64(n))
	}
	requests, bytes := h.requests.Add(1), h.bytes.Add(int64(n))
	switch {
	case requests > int64(limit.MaxRequests):
		err = errHeld.WithHint("failover.buffer.max_requests allows no more")
	case bytes > limit.MaxBytes:
		err = errHeld.WithHint("failover.buffer.max_bytes allows no more")
	default:
		h.total.Add(1)
		return release, nil
	}
	release()
	return nil, err
}

var errHeld = pgerror.New(pgerror.TooManyConnections, "too many requests wait for a primary server")
