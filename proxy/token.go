package proxy

import (
	"context"

	"github.com/wyeproxy/wye/proxy/freshness"
)

// Token implements session.Servers.
func (p *userPool) Token(ctx context.Context, at freshness.Instant) (string, error) {
	c := p.cluster
	t, ok := c.clock.TokenOf(at)
	if !ok {
		if err := c.fleet.Load().watch.SampleNow(ctx); err != nil {
			return "", errNoPrimary
		}
		if t, ok = c.clock.TokenOf(at); !ok {
			return "", errNoPrimary // it has changed meanwhile
		}
	}
	return t.String(), nil
}

// AsOf implements session.Servers.
func (p *userPool) AsOf(token string) (freshness.Instant, error) {
	t, err := freshness.ParseToken(token)
	if err != nil {
		return 0, err
	}
	return p.cluster.clock.AsOf(t, freshness.Now()), nil
}
