package admin

import (
	"context"
	"strings"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// ServerOrder is what an operator wants of a server of a pool.
type ServerOrder int

// Use it; let its clients leave and send no more; or end it at once.
const (
	ServerReady ServerOrder = iota
	ServerDrain
	ServerMaint
)

// onServer reads a verb's POOL/SERVER.
func onServer(tag string, order ServerOrder) parser {
	return func(_ *session, a *args) (*plan, error) {
		pool, server, ok := strings.Cut(a.address(), "/")
		if !ok || pool == "" || server == "" {
			return nil, pgerror.New(pgerror.SyntaxError, "name the server as POOL/SERVER").
				WithHint("SHOW POOL_SERVERS has them.")
		}
		return verb(tag, func(c Control, _ context.Context) error { return c.OrderServer(pool, server, order) }), nil
	}
}
