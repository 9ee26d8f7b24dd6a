package protocol

import (
	"net"
	"os"
	"sync"
	"syscall"
)

// Hangups tells when peers hang up, also while nobody reads from them: a
// server conn that dies in the pool, a client that leaves during a long
// query. It is one epoll set that asks for EPOLLRDHUP only, so data on the
// connections wakes nobody.
//
// Safe for concurrent use. Its goroutine ends with Close.
type Hangups struct {
	epoll *os.File
	ctl   syscall.RawConn // of epoll; it knows when that is closed
	done  chan struct{}

	mu     sync.Mutex
	next   uint64
	notify map[uint64]func()
}

// NewHangups starts the watcher.
func NewHangups() (*Hangups, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		return nil, err
	}
	// An epoll descriptor can itself be polled, so Go's poller waits for it
	// and no thread is blocked.
	epoll := os.NewFile(uintptr(fd), "hangups")
	ctl, err := epoll.SyscallConn()
	if err != nil {
		_ = epoll.Close()
		return nil, err
	}
	h := &Hangups{epoll: epoll, ctl: ctl, done: make(chan struct{}), notify: map[uint64]func(){}}
	go h.watch()
	return h, nil
}

// Watch calls notify once, from the watcher's goroutine, when the peer of
// conn hangs up. notify must not block. The returned function ends the watch
// and must be called before conn is closed; notify may still run once while
// it is being called. One conn has one watch at a time. Nothing happens with
// a conn that is no socket, or is closed.
func (h *Hangups) Watch(conn net.Conn, notify func()) (stop func()) {
	stop, _ = h.watchFor(conn, notify)
	return stop
}

// watchFor is Watch for those who must know whether they will be told.
func (h *Hangups) watchFor(conn net.Conn, notify func()) (stop func(), watched bool) {
	raw, ok := socketOf(conn).(syscall.Conn)
	if !ok {
		return func() {}, false
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return func() {}, false
	}
	h.mu.Lock()
	h.next++
	id := h.next
	h.notify[id] = notify
	h.mu.Unlock()
	stop = func() { h.forget(id) }
	if watched = h.register(rc, id); !watched {
		stop()
	}
	return stop, watched
}

// register adds a socket to the epoll set. One that was watched before is
// still in it.
func (h *Hangups) register(rc syscall.RawConn, id uint64) bool {
	ev := syscall.EpollEvent{Events: syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(uint32(id)), Pad: int32(uint32(id >> 32))}
	failed := syscall.EBADF
	_ = rc.Control(func(fd uintptr) {
		_ = h.ctl.Control(func(epoll uintptr) {
			err := syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_ADD, int(fd), &ev)
			if err == syscall.EEXIST {
				err = syscall.EpollCtl(int(epoll), syscall.EPOLL_CTL_MOD, int(fd), &ev)
			}
			failed, _ = err.(syscall.Errno)
		})
	})
	return failed == 0
}

// Close ends the watcher's goroutine and waits for it.
func (h *Hangups) Close() {
	_ = h.epoll.Close()
	<-h.done
}

func (h *Hangups) watch() {
	defer close(h.done)
	var events [64]syscall.EpollEvent
	for {
		n := 0
		err := h.ctl.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events[:], 0)
			return n != 0
		})
		if err != nil {
			return
		}
		for _, ev := range events[:max(n, 0)] {
			h.tell(uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32)
		}
	}
}

func (h *Hangups) tell(id uint64) {
	if notify := h.forget(id); notify != nil {
		notify()
	}
}

func (h *Hangups) forget(id uint64) (notify func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	notify = h.notify[id]
	delete(h.notify, id)
	return notify
}
