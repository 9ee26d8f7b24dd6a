package faultproxy

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Cut is how a connection is ended.
type Cut int

// The ways to end a connection.
const (
	FIN Cut = iota // closed in order, as by a process that exits
	RST            // reset: bytes on their way may be lost, as by a process killed with unread input
)

// Proxy forwards TCP connections to a target until told otherwise. Its
// methods are safe for concurrent use.
type Proxy struct {
	addr string
	work sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener // nil while refusing
	links    map[*link]struct{}
	closed   bool
	faults   faults
	changed  chan struct{} // closed and replaced when faults change
}

// faults are what is wrong at the moment.
type faults struct {
	target             string
	blackhole          bool
	paused             bool
	toServer, toClient time.Duration
	cutAfter           int64 // bytes to the client; 0: never
	cut                Cut
}

// Listen starts a proxy to the target, "127.0.0.1:5433", on a port of its own.
// The caller must Close it.
func Listen(target string) (*Proxy, error) {
	p := &Proxy{addr: "127.0.0.1:0", links: map[*link]struct{}{}, changed: make(chan struct{})}
	p.faults.target = target
	if err := p.Accept(); err != nil {
		return nil, err
	}
	return p, nil
}

// Addr is where clients connect to; it does not change.
func (p *Proxy) Addr() string { return p.addr }

// Refuse stops listening, so that the kernel refuses new connections. Those
// that are open stay.
func (p *Proxy) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
}

// Accept ends Refuse. It fails when another process took the port meanwhile.
func (p *Proxy) Accept() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil || p.closed {
		return nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", p.addr, err)
	}
	p.addr, p.listener = l.Addr().String(), l
	p.work.Go(func() { p.accept(l) })
	return nil
}

// Retarget sends new connections elsewhere; open ones stay where they are.
func (p *Proxy) Retarget(addr string) { p.change(func(f *faults) { f.target = addr }) }

// Blackhole accepts new connections and never says a word to them: the target
// is not dialled.
func (p *Proxy) Blackhole(on bool) { p.change(func(f *faults) { f.blackhole = on }) }

// Pause holds all bytes back in both directions, up to what buffers take, and
// Resume lets them go on: nothing is lost.
func (p *Proxy) Pause() { p.change(func(f *faults) { f.paused = true }) }

// Resume ends Pause.
func (p *Proxy) Resume() { p.change(func(f *faults) { f.paused = false }) }

// Delay makes every byte arrive so much later. It holds for bytes that are
// read from now on, those of open connections too.
func (p *Proxy) Delay(toServer, toClient time.Duration) {
	p.change(func(f *faults) { f.toServer, f.toClient = toServer, toClient })
}

// CutAfter ends each connection once it carried so many bytes to its client,
// counted from its beginning; 0 ends no more.
func (p *Proxy) CutAfter(bytes int64, how Cut) {
	p.change(func(f *faults) { f.cutAfter, f.cut = bytes, how })
}

// Cut ends all open connections now and returns how many those were.
func (p *Proxy) Cut(how Cut) int {
	p.mu.Lock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	ended := 0
	for _, l := range links {
		if l.end(how) {
			ended++
		}
	}
	return ended
}

// Open is the number of connections carried at the moment.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Close stops listening, resets all connections and returns when every
// goroutine has ended.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Refuse()
	p.Cut(RST)
	p.work.Wait()
}

func (p *Proxy) change(edit func(*faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	edit(&p.faults)
	close(p.changed)
	p.changed = make(chan struct{})
}

// now returns the faults and a channel that is closed when they change.
func (p *Proxy) now() (faults, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, p.changed
}

// accept runs until its listener is closed.
func (p *Proxy) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		k := &link{proxy: p, client: conn.(*net.TCPConn), done: make(chan struct{})}
		if p.add(k) {
			p.work.Go(k.run)
		} else {
			conn.Close()
		}
	}
}

// add counts a connection in, unless the proxy is closed: Close would not see
// it any more.
func (p *Proxy) add(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.links[l] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) remove(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
}
