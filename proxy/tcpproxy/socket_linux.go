package tcpproxy

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// made is a connection to a server that we have made ourselves. net.Dialer
// needs a goroutine that watches the context, a stack twice as large, another
// round of the poller and both addresses, of which nobody asks for one: a tenth
// of what a relay costs that lasts for a message.
type made struct {
	*os.File // with the runtime's poller, as for net's sockets
	raw      syscall.RawConn
	remote   netip.AddrPort
}

// connect dials, until by or ctx's end.
func connect(ctx context.Context, addr string, by time.Time) (net.Conn, error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil || to.Addr().Zone() != "" {
		return dialAny(ctx, addr, by)
	}
	m, waits, err := begin(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	if err == nil && waits {
		if err = m.await(ctx, by); err != nil {
			_ = m.Close()
		}
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: err}
	}
	return m, nil
}

// begin begins to connect, and says whether the rest is to be waited for. Not,
// where the server is on this machine.
func begin(to netip.AddrPort) (m *made, waits bool, err error) {
	var family int
	var where syscall.Sockaddr
	if to.Addr().Is4() {
		family, where = syscall.AF_INET, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	} else {
		family, where = syscall.AF_INET6, &syscall.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
	}
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, false, os.NewSyscallError("socket", err)
	}
	// What fails here fails for a socket that is of no use, which connect tells.
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	err = syscall.Connect(fd, where)
	waits = err == syscall.EINPROGRESS && !connected(fd)
	if err != nil && err != syscall.EINPROGRESS {
		_ = syscall.Close(fd)
		return nil, false, os.NewSyscallError("connect", err)
	}
	m = &made{File: os.NewFile(uintptr(fd), "tcp"), remote: to}
	if m.raw, err = m.File.SyscallConn(); err != nil {
		_ = m.Close()
		return nil, false, err
	}
	return m, waits, nil
}

// connected says whether a socket has a peer.
func connected(fd int) bool {
	_, err := syscall.Getpeername(fd)
	return err == nil
}

// await waits for the connection to be there.
func (m *made) await(ctx context.Context, by time.Time) error {
	_ = m.SetWriteDeadline(by)
	stop := context.AfterFunc(ctx, func() { _ = m.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	var failed error
	err := m.raw.Write(func(fd uintptr) bool {
		code, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
		if err == nil && code != 0 {
			err = syscall.Errno(code)
		}
		failed = os.NewSyscallError("connect", err)
		return failed != nil || connected(int(fd))
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case failed != nil:
		return failed
	}
	return m.SetWriteDeadline(time.Time{})
}

// SyscallConn implements syscall.Conn.
func (m *made) SyscallConn() (syscall.RawConn, error) { return m.raw, nil }

// control runs f with the descriptor.
func (m *made) control(f func(fd int) error) error {
	var failed error
	err := m.raw.Control(func(fd uintptr) { failed = f(int(fd)) })
	return errors.Join(err, failed)
}

// CloseWrite tells the peer that nothing more comes.
func (m *made) CloseWrite() error {
	return m.control(func(fd int) error { return syscall.Shutdown(fd, syscall.SHUT_WR) })
}

// SetLinger is as of net.TCPConn, for 0.
func (m *made) SetLinger(seconds int) error {
	return m.control(func(fd int) error {
		return syscall.SetsockoptLinger(fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1, Linger: int32(seconds)})
	})
}

// SetKeepAliveConfig is as of net.TCPConn, for what is on and has no zeros.
func (m *made) SetKeepAliveConfig(c net.KeepAliveConfig) error {
	return m.control(func(fd int) error {
		return errors.Join(
			syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1),
			syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, int(c.Idle/time.Second)),
			syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, int(c.Interval/time.Second)),
			syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, c.Count),
		)
	})
}

// RemoteAddr implements net.Conn.
func (m *made) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(m.remote) }

// LocalAddr implements net.Conn.
func (m *made) LocalAddr() net.Addr {
	var at syscall.Sockaddr
	_ = m.control(func(fd int) (err error) { at, err = syscall.Getsockname(fd); return err })
	switch at := at.(type) {
	case *syscall.SockaddrInet4:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	case *syscall.SockaddrInet6:
		return &net.TCPAddr{IP: at.Addr[:], Port: at.Port}
	}
	return &net.TCPAddr{}
}
