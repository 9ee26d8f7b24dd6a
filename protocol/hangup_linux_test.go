package protocol

import (
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func newHangups(t *testing.T) *Hangups {
	t.Helper()
	h, err := NewHangups()
	must(t, err)
	t.Cleanup(h.Close)
	return h
}

func (h *Hangups) watched() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.notify)
}

// told waits for a notification.
func told(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(30 * time.Second):
		t.Fatal("not told")
	}
}

func notTold(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
		t.Fatal("told for no reason")
	case <-time.After(20 * time.Millisecond):
	}
}

func TestHangups(t *testing.T) {
	ends := map[string]func(peer net.Conn){
		"close": func(peer net.Conn) { peer.Close() },
		"reset": func(peer net.Conn) {
			_ = socketOf(peer).(*net.TCPConn).SetLinger(0)
			_ = socketOf(peer).Close()
		},
		"half close": func(peer net.Conn) { _ = socketOf(peer).(*net.TCPConn).CloseWrite() },
	}
	for name, end := range ends {
		for _, kind := range []string{"tcp", "tls"} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				h := newHangups(t)
				ours, peer := pair(t, kind)
				c := make(chan struct{}, 10)
				defer h.Watch(ours, func() { c <- struct{}{} })()
				_, _ = peer.Write([]byte("words are no news"))
				notTold(t, c)
				end(peer)
				told(t, c)
				notTold(t, c)
				if n := h.watched(); n != 0 {
					t.Errorf("%d watches left", n)
				}
			})
		}
	}
}

func TestHangupBeforeWatch(t *testing.T) {
	h := newHangups(t)
	ours, peer := pair(t, "unix")
	_ = peer.Close()
	c := make(chan struct{}, 1)
	h.Watch(ours, func() { c <- struct{}{} })
	told(t, c)
}

// A second watch on the same connection works like the first: after a stop,
// and after the peer has been told of once.
func TestHangupsWatchAgain(t *testing.T) {
	h := newHangups(t)
	ours, peer := pair(t, "tcp")
	c := make(chan struct{}, 10)
	h.Watch(ours, func() { t.Error("a stopped watch told") })()
	stop := h.Watch(ours, func() { c <- struct{}{} })
	_ = peer.Close()
	told(t, c)
	stop()
	h.Watch(ours, func() { c <- struct{}{} })
	told(t, c)
	if n := h.watched(); n != 0 {
		t.Errorf("%d watches left", n)
	}
}

func TestHangupsStop(t *testing.T) {
	h := newHangups(t)
	ours, peer := pair(t, "tcp")
	c := make(chan struct{}, 1)
	stop := h.Watch(ours, func() { c <- struct{}{} })
	stop()
	stop()
	_ = peer.Close()
	notTold(t, c)
	if n := h.watched(); n != 0 {
		t.Errorf("%d watches left", n)
	}
}

// What cannot be watched is not remembered either.
func TestHangupsUnwatchable(t *testing.T) {
	h := newHangups(t)
	ours, _ := pair(t, "pipe")
	h.Watch(ours, func() {})()
	closed, _ := pair(t, "tcp")
	_ = closed.Close()
	h.Watch(closed, func() {})
	if n := h.watched(); n != 0 {
		t.Errorf("%d watches left", n)
	}
}

// A watch after the end must not touch a descriptor that is somebody else's
// by now.
func TestHangupsClosed(t *testing.T) {
	before := runtime.NumGoroutine()
	h, err := NewHangups()
	must(t, err)
	soon(t, "Close", h.Close)
	ours, _ := pair(t, "tcp")
	other, err := NewHangups() // takes the descriptor's number
	must(t, err)
	c := make(chan struct{}, 1)
	h.Watch(ours, func() { c <- struct{}{} })()
	_ = ours.(*net.TCPConn).CloseWrite()
	if n := h.watched(); n != 0 {
		t.Errorf("%d watches left", n)
	}
	other.Close()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestManyHangups(t *testing.T) {
	const n = 3000
	h := newHangups(t)
	var got atomic.Int32
	all := make(chan struct{})
	peers := make([]net.Conn, n)
	var stops []func()
	for i := range n {
		ours, peer := pair(t, "tcp")
		peers[i] = peer
		stops = append(stops, h.Watch(ours, func() {
			if got.Add(1) == n {
				close(all)
			}
		}))
	}
	goroutines := runtime.NumGoroutine()
	if goroutines > 200 {
		t.Errorf("%d goroutines for %d watches", goroutines, n)
	}
	for _, p := range peers {
		_ = p.Close()
	}
	told(t, all)
	for _, stop := range stops {
		stop()
	}
	if left := h.watched(); left != 0 {
		t.Errorf("%d watches left", left)
	}
}

// Connections come, are watched and go, at random; nothing is left and
// nobody is told twice.
func TestHangupsChurn(t *testing.T) {
	h := newHangups(t)
	done := make(chan struct{})
	for w := range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range 100 {
				ours, peer := pair(t, "tcp")
				var n atomic.Int32
				stop := h.Watch(ours, func() { n.Add(1) })
				if (i+w)%3 == 0 {
					_ = peer.Close()
				}
				if (i+w)%2 == 0 {
					runtime.Gosched()
				}
				stop()
				_ = ours.Close()
				if n.Load() > 1 {
					t.Errorf("told %d times", n.Load())
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
	if left := h.watched(); left != 0 {
		t.Errorf("%d watches left", left)
	}
}
