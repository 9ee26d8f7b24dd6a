//go:build linux

package poll

import (
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"
)

// Interest is what a descriptor is watched for, level-triggered.
type Interest uint32

// To read, to write, or both; a hang-up shows as readable.
const (
	Read  Interest = syscall.EPOLLIN
	Write Interest = syscall.EPOLLOUT
)

// Poll waits for descriptors. Wait belongs to one goroutine; Add, Change and
// Remove may be called from others meanwhile.
type Poll struct {
	fd     int
	events [256]syscall.EpollEvent
}

// New makes an instance. The caller must Close it.
func New() (*Poll, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	return &Poll{fd: fd}, nil
}

// Close ends the instance and leaves the descriptors open.
func (p *Poll) Close() error { return syscall.Close(p.fd) }

// Add watches fd; tag is what Wait reports it as.
func (p *Poll) Add(fd int, tag int32, i Interest) error {
	return p.control(syscall.EPOLL_CTL_ADD, fd, tag, i)
}

// Change replaces what fd is watched for.
func (p *Poll) Change(fd int, tag int32, i Interest) error {
	return p.control(syscall.EPOLL_CTL_MOD, fd, tag, i)
}

// Remove stops watching fd.
func (p *Poll) Remove(fd int) error { return p.control(syscall.EPOLL_CTL_DEL, fd, 0, 0) }

func (p *Poll) control(op, fd int, tag int32, i Interest) error {
	e := syscall.EpollEvent{Events: uint32(i), Fd: tag}
	if err := syscall.EpollCtl(p.fd, op, fd, &e); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Wait returns the events of ready descriptors, their tags in Fd, after at
// most limit. The slice is valid until the next Wait.
func (p *Poll) Wait(limit time.Duration) ([]syscall.EpollEvent, error) {
	// Under load something is ready most of the time, and then Go's scheduler
	// need not learn of the call: it would look for another thread to run.
	const look = true
	n, errno := p.wait(0, look)
	if n == 0 && errno == 0 {
		n, errno = p.wait(max(0, int((limit+time.Millisecond-1)/time.Millisecond)), !look)
	}
	if errno != 0 && errno != syscall.EINTR {
		return nil, fmt.Errorf("epoll_pwait: %w", errno)
	}
	return p.events[:n], nil
}

// WaitUntil is Wait to the microsecond, as far as the system has timers for
// that: for whoever has something to do then, and is not in a hurry before.
func (p *Poll) WaitUntil(end time.Time) ([]syscall.EpollEvent, error) {
	const epollPwait2 = 441 // Linux 5.11; not in package syscall
	limit := syscall.NsecToTimespec(max(0, int64(time.Until(end))))
	n, _, errno := syscall.Syscall6(epollPwait2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), uintptr(unsafe.Pointer(&limit)), 0, 0)
	if errno != 0 && errno != syscall.EINTR {
		return nil, fmt.Errorf("epoll_pwait2: %w", errno)
	}
	if errno != 0 {
		n = 0
	}
	return p.events[:n], nil
}

func (p *Poll) wait(ms int, quick bool) (int, syscall.Errno) {
	call := syscall.Syscall6
	if quick {
		call = syscall.RawSyscall6
	}
	n, _, errno := call(syscall.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events)), uintptr(len(p.events)), uintptr(ms), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// Recv reads from a non-blocking descriptor without telling Go's scheduler:
// the call cannot wait, so nobody has to stand in for this thread.
func Recv(fd int, b []byte) (int, error) { return raw(syscall.SYS_READ, fd, b) }

// Send writes to a non-blocking descriptor as Recv reads.
func Send(fd int, b []byte) (int, error) { return raw(syscall.SYS_WRITE, fd, b) }

func raw(call uintptr, fd int, b []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}

// Detach closes conn and returns its socket as a descriptor that Go's poller
// does not know. The caller owns it.
func Detach(conn net.Conn) (int, error) {
	defer conn.Close()
	s, ok := conn.(syscall.Conn)
	if !ok {
		return 0, fmt.Errorf("detach: %T is no socket", conn)
	}
	rc, err := s.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	var dup uintptr
	var errno syscall.Errno
	if err := rc.Control(func(fd uintptr) {
		dup, _, errno = syscall.Syscall(syscall.SYS_FCNTL, fd, syscall.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return 0, fmt.Errorf("detach: %w", err)
	}
	if errno != 0 {
		return 0, fmt.Errorf("detach: %w", errno)
	}
	return int(dup), nil
}
