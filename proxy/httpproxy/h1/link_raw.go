//go:build linux && !386

package h1

import (
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// rawLink asks inside one syscall.RawConn.Read: Go's poller is armed before
// the callback first runs, so that the answer, which cannot come before the
// request, wakes it, and the read that would find nothing is never made. The
// callbacks are made once; what they work on is in the fields.
type rawLink struct {
	rc       syscall.RawConn
	exchange func(fd uintptr) bool
	peek     func(fd uintptr) bool

	out, buf []byte
	used     bool
	asked    bool
	sent, n  int
	err      error
	alive    bool
}

func newRawLink(c net.Conn) link {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	rc, err := t.SyscallConn()
	if err != nil {
		return nil
	}
	l := &rawLink{rc: rc}
	l.exchange, l.peek = l.tryExchange, l.tryPeek
	return l
}

func (l *rawLink) quiet() bool {
	l.alive = false
	return l.rc.Read(l.peek) == nil && l.alive
}

func (l *rawLink) looks() bool { return true }

func (l *rawLink) tryPeek(fd uintptr) bool {
	l.alive = rawQuiet(fd)
	return true
}

func (l *rawLink) ask(out, buf []byte, used bool) (sent, n int, err error) {
	l.out, l.buf, l.used, l.asked, l.sent, l.n, l.err = out, buf, used, false, 0, 0, nil
	err = l.rc.Read(l.exchange)
	l.out, l.buf = nil, nil
	if l.err != nil {
		err = l.err
	}
	return l.sent, l.n, err
}

// tryExchange returns false to wait for the poller.
func (l *rawLink) tryExchange(fd uintptr) bool {
	if l.asked {
		n, err := rawRead(fd, l.buf)
		if err == syscall.EAGAIN {
			return false
		}
		l.n, l.err = n, err
		return true
	}
	l.asked = true
	if l.used && !rawQuiet(fd) {
		l.err = errStale
		return true
	}
	n, err := rawWrite(fd, l.out)
	l.sent = n
	if err != nil && err != syscall.EAGAIN {
		l.err = os.NewSyscallError("send", err)
		return true
	}
	return n < len(l.out)
}

// rawQuiet looks for bytes, the end or an error, and takes none.
func rawQuiet(fd uintptr) bool {
	var one [1]byte
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&one)), 1, syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	return errno == syscall.EAGAIN
}

// rawRead reads what there is; io.EOF is the end. buf is not empty.
func rawRead(fd uintptr, buf []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno == syscall.EAGAIN:
			return 0, syscall.EAGAIN
		case errno != 0:
			return 0, os.NewSyscallError("recv", errno)
		case n == 0:
			return 0, io.EOF
		default:
			return int(n), nil
		}
	}
}

func rawWrite(fd uintptr, out []byte) (int, error) {
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(out))), uintptr(len(out)), syscall.MSG_NOSIGNAL, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, errno
		default:
			return int(n), nil
		}
	}
}
