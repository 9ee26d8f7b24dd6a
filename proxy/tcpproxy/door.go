package tcpproxy

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wyeproxy/wye/proxy/crowd"
)

// DoorSettings are what the configuration says of a listener. They are replaced
// as a whole, and not changed.
type DoorSettings struct {
	Name       string
	Pool       *Pool            // for clients whose name has none of its own; nil: they are turned away
	Names      map[string]*Pool // lower case; "*.example.com" has all that are one level below
	TLS        *tls.Config      // to end TLS here; nil passes it through
	Trusted    []netip.Prefix   // whose connections begin with a PROXY header
	HelloTime  time.Duration    // from the accepted connection to the end of header, handshake and client hello
	MaxClients int              // at a time; 0 is no limit
	PerClient  crowd.Limit
}

// Options are what a door is built into.
type Options struct {
	Log *slog.Logger
	// Enter takes a place that all listeners share, or says that there is none;
	// Leave gives it back. Both may be nil.
	Enter func() bool
	Leave func()
}

// Door lets clients of one listener in. Safe for concurrent use; to be closed
// by its owner.
type Door struct {
	Options
	settings atomic.Pointer[DoorSettings]
	counts   Counts
	crowd    crowd.Crowd

	life     context.Context // ends with Close
	end      context.CancelFunc
	mu       sync.Mutex
	arriving map[net.Conn]struct{} // not relayed yet
	closed   bool
	visits   sync.WaitGroup
}

// Counts are what became of a door's clients.
type Counts struct {
	Clients  atomic.Int64 // inside now
	Accepted atomic.Int64
	Refused  atomic.Int64 // for a limit
	Broken   atomic.Int64 // left, or made no sense, before they had said where to
	Failed   atomic.Int64 // no server could be reached
}

// NewDoor makes a door; Serve opens it.
func NewDoor(s DoorSettings, o Options) *Door {
	d := &Door{Options: o, arriving: map[net.Conn]struct{}{}}
	d.life, d.end = context.WithCancel(context.Background())
	d.settings.Store(&s)
	return d
}

// Use replaces the settings; who is inside stays.
func (d *Door) Use(s DoorSettings) { d.settings.Store(&s) }

// Counts are live.
func (d *Door) Counts() *Counts { return &d.counts }

// Serve lets clients in until the listener is closed.
func (d *Door) Serve(l net.Listener) {
	pause := time.Millisecond
	for {
		conn, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // out of descriptors, say: do not spin
			d.Log.Error("accept failed", "listener", d.settings.Load().Name, "error", err.Error())
			time.Sleep(pause)
			pause = min(2*pause, time.Second)
			continue
		}
		pause = time.Millisecond
		d.counts.Accepted.Add(1)
		d.admit(conn)
	}
}

// admit takes a place for the client and begins its visit.
func (d *Door) admit(conn net.Conn) {
	s := d.settings.Load()
	if n := d.counts.Clients.Add(1); s.MaxClients > 0 && n > int64(s.MaxClients) || d.Enter != nil && !d.Enter() {
		d.counts.Clients.Add(-1)
		d.refuse(conn)
		return
	}
	if !d.arrive(conn) {
		d.left()
		_ = conn.Close()
		return
	}
	go d.visit(s, conn)
}

func (d *Door) refuse(conn net.Conn) {
	d.counts.Refused.Add(1)
	reset(conn)
}

// arrive notes a client, unless the door is closed.
func (d *Door) arrive(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.arriving[conn] = struct{}{}
	d.visits.Add(1)
	return true
}

// depart ends what arrive began.
func (d *Door) depart(conn net.Conn) {
	d.mu.Lock()
	delete(d.arriving, conn)
	d.mu.Unlock()
	d.visits.Done()
}

// left gives back the places of a client.
func (d *Door) left() {
	d.counts.Clients.Add(-1)
	if d.Leave != nil {
		d.Leave()
	}
}

// Close turns away who has not been let in yet, and returns when they have
// gone. The listener is its owner's; relays are their pool's.
func (d *Door) Close() {
	d.end()
	d.mu.Lock()
	d.closed = true
	for c := range d.arriving {
		_ = c.Close()
	}
	d.mu.Unlock()
	d.visits.Wait()
}

// poolFor is where clients go that ask for that name.
func (s *DoorSettings) poolFor(name string) *Pool {
	if len(s.Names) > 0 && name != "" {
		name = strings.TrimSuffix(strings.ToLower(name), ".")
		if p := s.Names[name]; p != nil {
			return p
		}
		if _, parent, ok := strings.Cut(name, "."); ok {
			if p := s.Names["*."+parent]; p != nil {
				return p
			}
		}
	}
	return s.Pool
}
