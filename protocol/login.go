package protocol

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// Limits of what a server may send during a login. It is not to be trusted:
// a login reads some thirty short messages.
const (
	maxLoginFrame    = 64 << 10 // bytes
	maxLoginMessages = 1000
)

// Login logs in over conn, which has TLS already if it is to have any, and
// waits until the server is ready. The caller sets the deadline, and closes
// conn after an error.
func Login(conn net.Conn, o DialOptions) (*ServerConn, error) {
	s := &ServerConn{Addr: o.Addr, how: DialOptions{Addr: o.Addr, TLS: o.TLS, TLSDirect: o.TLSDirect}}
	var cert *x509.Certificate
	if t, ok := conn.(*tls.Conn); ok {
		s.TLS, s.how.TLSMode = true, TLSRequire
		if peers := t.ConnectionState().PeerCertificates; len(peers) > 0 {
			cert = peers[0]
		}
	}
	if _, err := conn.Write(AppendStartup(nil, o.Params)); err != nil {
		return nil, err
	}
	l := loginReader{conn: conn}
	if err := s.authenticate(&l, o.Authenticator(cert)); err != nil {
		return nil, err
	}
	if err := s.awaitReady(&l); err != nil {
		return nil, err
	}
	s.link = NewLink(conn)
	return s, nil
}

func (s *ServerConn) authenticate(l *loginReader, a Authenticator) error {
	for {
		typ, body, err := l.next()
		if err != nil {
			return err
		}
		switch typ {
		case 'E':
			return pgerror.Parse(body)
		case 'N', 'v':
			continue
		case 'R':
		default:
			return fmt.Errorf("unexpected message %q during authentication", typ)
		}
		answer, ok, err := a.Step(body)
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
		if answer != nil {
			if _, err := l.conn.Write(AppendFrame(nil, 'p', answer...)); err != nil {
				return err
			}
		}
	}
}

func (s *ServerConn) awaitReady(l *loginReader) error {
	for {
		typ, body, err := l.next()
		if err != nil {
			return err
		}
		switch typ {
		case 'E':
			return pgerror.Parse(body)
		case 'S':
			p, ok := ParseParameterStatus(body)
			if !ok {
				return errors.New("malformed ParameterStatus")
			}
			s.Reported = append(s.Reported, p)
		case 'K':
			if len(body) < 8 || len(body) > 4+256 {
				return errors.New("invalid length of the server's cancel key")
			}
			s.PID = binary.BigEndian.Uint32(body)
			s.Key = append([]byte(nil), body[4:]...)
		case 'Z':
			if len(body) != 1 {
				return errFrameLength
			}
			if s.Status = body[0]; s.Status != TxIdle {
				return fmt.Errorf("transaction status %q after the login", s.Status)
			}
			return nil
		case 'N', 'v':
		default:
			return fmt.Errorf("unexpected message %q during login", typ)
		}
	}
}

// ParseParameterStatus reads the body of a ParameterStatus.
func ParseParameterStatus(body []byte) (Param, bool) {
	name, rest, ok := CString(body)
	if !ok {
		return Param{}, false
	}
	value, _, ok := CString(rest)
	return Param{string(name), string(value)}, ok
}

// loginReader reads what a server says during the login.
type loginReader struct {
	conn net.Conn
	n    int // messages read
}

func (l *loginReader) next() (typ byte, body []byte, err error) {
	if l.n++; l.n > maxLoginMessages {
		return 0, nil, errors.New("too many messages during login")
	}
	return readFrame(l.conn, maxLoginFrame)
}

// readFrame reads one whole frame without reading beyond it.
func readFrame(conn net.Conn, limit int) (byte, []byte, error) {
	var head [HeaderLen]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return 0, nil, err
	}
	typ, total, _, err := Peek(head[:])
	if err != nil {
		return 0, nil, err
	}
	if total > limit {
		return 0, nil, fmt.Errorf("message %q of %d bytes is too long here", typ, total)
	}
	body := make([]byte, total-HeaderLen)
	_, err = io.ReadFull(conn, body)
	return typ, body, err
}

// ReadFrame reads one whole frame of at most limit bytes from a client that
// has not logged in yet, without reading beyond it.
func ReadFrame(conn net.Conn, limit int) (Frame, error) {
	typ, body, err := readFrame(conn, limit)
	return Frame{Type: typ, Body: body}, err
}
