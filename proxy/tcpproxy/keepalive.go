package tcpproxy

import (
	"crypto/tls"
	"net"
	"time"
)

// keepAlive finds peers that have gone without a word: some two minutes after
// the last of them.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: time.Minute, Interval: 15 * time.Second, Count: 4}

// keepAliveAfter is how old a relay is before its peers are looked after: most
// have ended by then, and are spared eight system calls, a tenth of what a
// connection costs.
const keepAliveAfter = 10 * time.Second

// lookAfter turns keep-alive on at both ends.
func (r *relay) lookAfter() {
	for _, c := range []net.Conn{r.in.from, r.to.conn} {
		if t := socketOf(c); t != nil {
			_ = t.SetKeepAliveConfig(keepAlive) // on one that has been closed by now nothing is lost
		}
	}
}

// socketOf is the socket under a connection, nil if there is none.
func socketOf(c net.Conn) socket {
	for {
		switch under := c.(type) {
		case socket:
			return under
		case *tls.Conn:
			c = under.NetConn()
		case *prefixed:
			c = under.Conn
		default:
			return nil
		}
	}
}
