package proxy

import (
	"net"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/auth"
	"github.com/wyeproxy/wye/protocol/pgerror"
)

// prove has the client prove who it is.
func (s *Server) prove(d *door, hello protocol.Hello, c *cluster) (*auth.Credential, error) {
	st := hello.Startup
	secret, err := s.secret(st.User, c)
	if err != nil {
		s.log.Error("user could not be looked up", "user", st.User, "error", err.Error())
		return nil, pgerror.Fatal(pgerror.CannotConnectNow, "the user could not be looked up").WithHint("wye's log has the reason")
	}
	method := d.method
	if u := s.users.Load().user(st.User); u != nil && u.Auth != "" {
		if method, err = auth.ParseMethod(string(u.Auth)); err != nil {
			return nil, err
		}
	}
	v := auth.Visit{User: st.User, Secret: secret, Method: method, Line: lineOf(hello)}
	if hello.TLS != nil {
		v.Binding = d.binding
		if len(hello.TLS.VerifiedChains) > 0 {
			v.CertNames = auth.CertNames(hello.TLS.PeerCertificates[0])
		}
	}
	exchange, refusal := s.gate.Begin(v)
	if refusal != nil {
		return nil, refusal
	}
	if err := converse(hello.Conn, exchange); err != nil {
		if c != nil {
			c.forgetSecret(st.User)
		}
		return nil, err
	}
	return exchange.Credential(), nil
}

func lineOf(hello protocol.Hello) auth.Line {
	l := auth.Line{TLS: hello.TLS != nil, Cert: hello.TLS != nil && len(hello.TLS.VerifiedChains) > 0}
	switch a := hello.Conn.RemoteAddr().(type) {
	case *net.UnixAddr:
		l.Unix = true
	case *net.TCPAddr:
		l.Loopback = a.IP.IsLoopback()
	}
	return l
}

// saslRequest is the code of AuthenticationSASL.
const saslRequest = 10

// converse carries the messages of an exchange.
func converse(conn net.Conn, exchange auth.Exchange) error {
	request, done := exchange.Start()
	asked := "password"
	if len(request) > 4 && request[3] == saslRequest {
		asked = "SASL"
	}
	for {
		if request != nil {
			if _, err := conn.Write(protocol.AppendAuthentication(nil, request)); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		frame, err := protocol.ReadFrame(conn, auth.MaxMessage+protocol.HeaderLen)
		if err != nil {
			return err
		}
		if frame.Type != 'p' {
			return pgerror.Fatalf(pgerror.ProtocolViolation, "expected %s response, got message type %d", asked, frame.Type)
		}
		var refusal *pgerror.Error
		if request, done, refusal = exchange.Continue(frame.Body); refusal != nil {
			return refusal
		}
	}
}
