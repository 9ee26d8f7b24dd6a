package httpproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync/atomic"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Prober asks a server over HTTP whether it can take requests, on a new conn
// each time: that a server still accepts is part of the question.
type Prober struct {
	None     bool        // asks nothing: every server passes
	Dial     bool        // only connects, and shakes hands where there is TLS
	TLS      *tls.Config // nil: plain HTTP
	HTTP2    bool
	Path     string // default /
	Host     string // default: the address
	Statuses []int  // that pass, default 200 to 399
	Header   *Condition
	Body     *regexp.Regexp // to be found in the first probeBody bytes
}

// probeBody is as much of an answer as is looked at.
const probeBody = 64 << 10

// Probe implements upstream.Prober.
func (p Prober) Probe(ctx context.Context, addr string) (upstream.Report, error) {
	if p.None {
		return upstream.Report{}, nil
	}
	l := newLine(PoolSettings{TLS: p.TLS, HTTP2: p.HTTP2}.withDefaults())
	if p.Dial {
		return upstream.Report{}, l.reach(ctx, addr)
	}
	defer l.closeIdle()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, l.scheme+"://"+addr+or(p.Path, "/"), nil)
	if err != nil {
		return upstream.Report{}, err
	}
	r.Host, r.Close = p.Host, !p.HTTP2
	r.Header.Set("User-Agent", "wye-probe")
	res, err := l.RoundTrip(r)
	if err != nil {
		return upstream.Report{}, err
	}
	defer res.Body.Close()
	return upstream.Report{Note: res.Status}, p.judge(res)
}

// Probes is a Prober that a reload replaces. It is to be set before it is
// asked.
type Probes struct{ atomic.Pointer[Prober] }

// Probe implements upstream.Prober.
func (p *Probes) Probe(ctx context.Context, addr string) (upstream.Report, error) {
	return p.Load().Probe(ctx, addr)
}

func (p Prober) judge(res *http.Response) error {
	if !p.passes(res.StatusCode) {
		return fmt.Errorf("answered %s", res.Status)
	}
	if h := p.Header; h != nil && !holdAll([]Condition{*h}, func(c *Condition) []string { return res.Header.Values(c.Name) }) {
		return fmt.Errorf("answered without the header %s that is wanted", h.Name)
	}
	if p.Body == nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, probeBody))
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	if !p.Body.Match(bytes.TrimSpace(body)) {
		return fmt.Errorf("body does not match %s", p.Body)
	}
	return nil
}

func (p Prober) passes(status int) bool {
	if len(p.Statuses) == 0 {
		return status >= 200 && status < 400
	}
	for _, s := range p.Statuses {
		if s == status {
			return true
		}
	}
	return false
}
