package httpproxy

import (
	"net"
	"sync"
	"time"
)

// wires are the open conns of a listener's clients.
type wires struct {
	mu   sync.Mutex
	open map[*wire]bool
}

// admit takes the conn in, or returns nil when there are too many.
func (ws *wires) admit(c net.Conn, s *Server, l Limits) *wire {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if l.Conns > 0 && len(ws.open) >= l.Conns || !s.Enter() {
		return nil
	}
	w := &wire{Conn: c, server: s, write: l.WriteTime}
	if ws.open == nil {
		ws.open = make(map[*wire]bool)
	}
	ws.open[w] = true
	return w
}

func (ws *wires) forget(w *wire) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.open, w)
}

func (ws *wires) count() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.open)
}

// cut closes all of them.
func (ws *wires) cut() {
	ws.mu.Lock()
	var all []*wire
	for w := range ws.open {
		all = append(all, w)
	}
	ws.mu.Unlock()
	for _, w := range all {
		_ = w.Close()
	}
}

// settle waits until none is left, or for done.
func (ws *wires) settle(done <-chan struct{}) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for ws.count() > 0 {
		select {
		case <-done:
			return errNotSettled
		case <-tick.C:
		}
	}
	return nil
}
