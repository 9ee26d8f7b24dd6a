//go:build linux && !386

package protocol

import (
	"io"
	"net"
	"syscall"
	"time"
	"unsafe"
)

// rawLink is a Link that makes its system calls inside syscall.RawConn
// (performance.md 4.2):
//
//   - Go's poller is armed before the callback runs. Exchange may therefore
//     write the request on the first call and wait; the answer cannot be
//     missed, and the read that would find nothing is never made.
//   - syscall.RawSyscall6 does not tell the scheduler, which is right for
//     descriptors that never block.
//
// The callbacks are made once, so that a call allocates nothing; their
// arguments are in the fields below.
type rawLink struct {
	conn net.Conn
	rc   syscall.RawConn
	stay stay

	in       recvCall
	out      sendCall
	exchange func(fd uintptr) bool
	recv     func(fd uintptr) bool
	await    func(fd uintptr) bool
	send     func(fd uintptr) bool
}

type recvCall struct {
	out, buf []byte
	waiter   Waiter
	asked    bool // the request of this call has been written
	n        int
	err      error
}

type sendCall struct {
	out []byte
	err error
}

func newRawLink(c net.Conn) Link {
	var rc syscall.RawConn
	var err error
	switch t := c.(type) {
	case *net.TCPConn:
		rc, err = t.SyscallConn()
	case *net.UnixConn:
		rc, err = t.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	l := &rawLink{conn: c, rc: rc}
	l.recv, l.exchange, l.await, l.send = l.tryRecv, l.tryExchange, l.tryAwait, l.trySend
	l.stay.link = l
	return l
}

func (l *rawLink) NetConn() net.Conn                  { return l.conn }
func (l *rawLink) SetReadDeadline(t time.Time) error  { return l.conn.SetReadDeadline(t) }
func (l *rawLink) SetWriteDeadline(t time.Time) error { return l.conn.SetWriteDeadline(t) }

func (l *rawLink) Close() error {
	l.stay.leave()
	return l.conn.Close()
}

func (l *rawLink) Recv(buf []byte) (int, error) {
	l.in = recvCall{buf: buf}
	err := l.rc.Read(l.recv)
	return l.received(err)
}

func (l *rawLink) Exchange(out, buf []byte) (int, error) {
	l.in = recvCall{out: out, buf: buf}
	err := l.rc.Read(l.exchange)
	return l.received(err)
}

func (l *rawLink) Await(w Waiter) error {
	l.in = recvCall{waiter: w}
	_, err := l.received(l.stay.wait())
	return err
}

// received returns the outcome of the call and forgets its arguments, so
// that an idle link keeps no buffer alive.
func (l *rawLink) received(err error) (int, error) {
	n, callErr := l.in.n, l.in.err
	l.in = recvCall{}
	if callErr != nil {
		return n, callErr
	}
	return n, err
}

func (l *rawLink) Send(out []byte) error {
	l.out = sendCall{out: out}
	err := l.rc.Write(l.send)
	if l.out.err != nil {
		err = l.out.err
	}
	l.out = sendCall{}
	return err
}

// tryRecv, like the other callbacks, returns false to wait for the poller.
func (l *rawLink) tryRecv(fd uintptr) bool {
	n, err := rawRead(fd, l.in.buf)
	if err == syscall.EAGAIN {
		return false
	}
	l.in.n, l.in.err = n, err
	return true
}

func (l *rawLink) tryExchange(fd uintptr) bool {
	if l.in.asked {
		return l.tryRecv(fd)
	}
	l.in.asked = true
	n, err := rawWrite(fd, l.in.out)
	switch {
	case err != nil && err != syscall.EAGAIN:
		l.in.err = err
		return true
	case n < len(l.in.out):
		l.in.err = &Blocked{Rest: l.in.out[n:]}
		return true
	}
	return false // the answer can only come after the poller was armed
}

// tryAwait must try to read before it waits: arming the poller forgot that a
// pipelining client may have sent its next request already. See stay for when
// that read is saved.
func (l *rawLink) tryAwait(fd uintptr) bool {
	if l.in.asked || l.sendPending(fd) {
		_, done := l.readPending(fd)
		return done
	}
	return true
}

// sendPending sends what the waiter has to say; false: it has failed.
func (l *rawLink) sendPending(fd uintptr) bool {
	w := l.in.waiter
	l.in.asked = true
	if out := w.Pending(); len(out) > 0 {
		n, err := rawWrite(fd, out)
		if err != nil && err != syscall.EAGAIN {
			l.in.err = err
			return false
		}
		if n < len(out) {
			if l.in.err = l.Send(out[n:]); l.in.err != nil {
				return false
			}
		}
	}
	w.Sent()
	return true
}

// readPending reads for the waiter. short: there was room for more.
func (l *rawLink) readPending(fd uintptr) (short, done bool) {
	w := l.in.waiter
	room := w.Room()
	n, err := rawRead(fd, room)
	w.Filled(n)
	if err == syscall.EAGAIN {
		return true, false
	}
	l.in.err = err
	return err == nil && n < len(room), true
}

func (l *rawLink) trySend(fd uintptr) bool {
	for len(l.out.out) > 0 {
		n, err := rawWrite(fd, l.out.out)
		if err == syscall.EAGAIN {
			return false
		}
		if err != nil {
			l.out.err = err
			return true
		}
		l.out.out = l.out.out[n:]
	}
	return true
}

// rawRead returns io.EOF at the end of the stream, and 0 bytes with EAGAIN
// when there is nothing to read. The calls for sockets cost 0.1 us less than
// read and write, which serve all files.
func rawRead(fd uintptr, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, io.ErrShortBuffer // 0 bytes read would look like nothing, for ever
	}
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0, 0)
		switch {
		case errno == syscall.EINTR:
		case errno != 0:
			return 0, errno
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
