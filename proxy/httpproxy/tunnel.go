package httpproxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptrace"
)

// mayTunnel says whether a request asks for another protocol.
func mayTunnel(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// noting has a request note in c which conn it is sent on. RoundTrip writes c
// before it returns.
func noting(ctx context.Context, c *net.Conn) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { *c = got.Conn }})
}

// freed takes a server's conn that has become a tunnel out of the limit for
// servers that do not answer: how long a tunnel may be idle is the listener's
// to say.
func freed(c net.Conn) {
	if tc, ok := c.(*tls.Conn); ok {
		c = tc.NetConn()
	}
	if p, ok := c.(*patient); ok {
		p.free()
	}
}
