package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// link is one client's connection and the one to the target.
type link struct {
	proxy  *Proxy
	client *net.TCPConn
	done   chan struct{} // closed by end

	mu     sync.Mutex
	server *net.TCPConn // nil until dialled
	ended  bool
}

func (l *link) run() {
	defer l.end(FIN)
	f, _ := l.proxy.now()
	if f.blackhole {
		<-l.done
		return
	}
	conn, err := net.Dial("tcp", f.target)
	if err != nil {
		l.end(RST)
		return
	}
	if !l.attach(conn.(*net.TCPConn)) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { l.carry(l.server, l.client, false) })
	both.Go(func() { l.carry(l.client, l.server, true) })
	both.Wait()
}

// attach keeps the connection to the target, unless the link ended meanwhile.
func (l *link) attach(conn *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		conn.Close()
		return false
	}
	l.server = conn
	return true
}

// end closes both sides; the first call decides how, and is told so.
func (l *link) end(how Cut) (first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	l.ended = true
	for _, c := range []*net.TCPConn{l.client, l.server} {
		if c == nil {
			continue
		}
		if how == RST {
			_ = c.SetLinger(0) // fails only on a closed socket
		}
		c.Close()
	}
	close(l.done)
	l.proxy.remove(l)
	return true
}

// chunk is what one read gave, and when it is due at the other end.
type chunk struct {
	bytes []byte
	due   time.Time
}

// carry moves one direction. Reading and writing are apart, so that a delay
// makes bytes late without making them few. A stream that ends in order is
// passed on as such, half-closed; a reset ends both directions.
func (l *link) carry(to, from *net.TCPConn, toClient bool) {
	queue := make(chan chunk, 256)
	var writer sync.WaitGroup
	writer.Go(func() { l.deliver(to, queue, toClient) })
	defer writer.Wait()
	defer close(queue)
	for {
		buf := make([]byte, 16<<10)
		n, err := from.Read(buf)
		if n > 0 {
			select {
			case queue <- chunk{buf[:n], time.Now().Add(l.delay(toClient))}:
			case <-l.done:
				return
			}
		}
		if err != nil && err != io.EOF {
			l.end(RST) // as it came, so it goes on
		}
		if err != nil {
			return
		}
	}
}

func (l *link) delay(toClient bool) time.Duration {
	f, _ := l.proxy.now()
	if toClient {
		return f.toClient
	}
	return f.toServer
}

// deliver writes chunks when they are due. What cannot be written is dropped:
// the link is over.
func (l *link) deliver(to *net.TCPConn, queue <-chan chunk, toClient bool) {
	var carried int64
	for c := range queue {
		f, ok := l.await(c.due)
		if !ok {
			continue
		}
		b := c.bytes
		cut := toClient && f.cutAfter > 0 && carried+int64(len(b)) >= f.cutAfter
		if cut {
			b = b[:max(0, f.cutAfter-carried)]
		}
		if _, err := to.Write(b); err != nil || cut {
			l.end(f.cut)
		}
		carried += int64(len(b))
	}
	_ = to.CloseWrite() // the link may have ended; then it is closed already
}

// await returns when the time has come and nothing is paused, with the faults
// of that moment; false when the link ended first.
func (l *link) await(due time.Time) (faults, bool) {
	for {
		f, changed := l.proxy.now()
		wait := time.Until(due)
		if wait <= 0 && !f.paused {
			return f, true
		}
		timer := time.NewTimer(max(wait, 0))
		ripe := timer.C
		if wait <= 0 {
			ripe = nil // only Resume or the end can help
		}
		select {
		case <-changed:
		case <-ripe:
		case <-l.done:
			timer.Stop()
			return f, false
		}
		timer.Stop()
	}
}
