package testpg

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// Ports are taken below Linux' ephemeral range (ip_local_port_range, 32768
// and up): a server that is killed and restarted finds its port still free,
// not lent to somebody's outgoing connection. 5432 is far away.
const firstPort, lastPort = 20000, 32000

var ports struct {
	sync.Mutex
	lent map[int]bool
}

// FreePort is such a port of this machine's loopback for another server that
// a test starts, and that cannot choose one itself. It stays this process's.
// Another process may still win it.
func FreePort() (int, error) { return freePort() }

// freePort returns a loopback port that nobody listens on and that this
// process does not use yet. Another process may still win it; Boot retries.
func freePort() (int, error) {
	ports.Lock()
	defer ports.Unlock()
	if ports.lent == nil {
		ports.lent = map[int]bool{}
	}
	for range 200 {
		p := firstPort + rand.IntN(lastPort-firstPort)
		if ports.lent[p] {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			continue
		}
		l.Close()
		ports.lent[p] = true
		return p, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d", firstPort, lastPort)
}

func returnPort(p int) {
	ports.Lock()
	defer ports.Unlock()
	delete(ports.lent, p)
}
