package proxy

import (
	"errors"
	"net"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/protocol/pgerror"
	"github.com/wyeproxy/wye/proxy/admin"
	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/proxy/stats"
	"github.com/wyeproxy/wye/router"
)

// visit is one connection, from the first byte to the last.
func (s *Server) visit(l *listener, socket net.Conn) {
	defer s.visiting.Done()
	d := l.door.Load()
	s.strangers.bound(socket, time.Now().Add(d.LoginTimeout))
	hello, err := protocol.Greet(socket, d.tls)
	if err == nil && hello.Cancel != nil {
		s.strangers.leave(socket)
		s.cancelRequest(*hello.Cancel)
		_ = hello.Conn.Close()
		return
	}
	var guest *guest
	if err == nil {
		guest, err = s.admit(d, hello)
	}
	s.strangers.leave(socket)
	if err != nil {
		s.turnAway(hello, err)
		return
	}
	l.clients.Add(1)
	guest.leave = append(guest.leave, func() { l.clients.Add(-1) })
	// What follows may last for days: it gets a goroutine whose stack has
	// not grown by TLS and SCRAM.
	s.visiting.Add(1)
	go s.host(guest)
}

// guest is a client that has been let in.
type guest struct {
	conn    net.Conn
	startup *protocol.Startup
	route   router.Route     // of the listener
	session *session.Session // nil for the console and for replication
	cluster *cluster
	pool    *userPool
	shards  *session.Shards // nil where there are none
	leave   []func()
}

// host serves a guest until it leaves.
func (s *Server) host(g *guest) {
	defer s.visiting.Done()
	defer func() {
		for _, f := range g.leave {
			f()
		}
	}()
	switch {
	case g.session != nil:
		g.startup = nil // not needed any more, and this may last for days
		g.session.Run()
	case g.startup.Replicate != "":
		s.replicate(g)
	default:
		s.serveConsole(g)
	}
}

// cancelRequest passes a cancel request on. The caller closes the connection
// afterwards: drivers wait for that to know that the cancel has been sent.
func (s *Server) cancelRequest(key protocol.CancelKey) {
	s.visits.Cancel()
	if !s.env.Registry.Cancel(key.PID, key.Key) {
		s.cancelConsole(key)
		s.cancelReplica(key)
	}
}

// turnAway tells a client why it cannot come in.
func (s *Server) turnAway(hello protocol.Hello, err error) {
	conn := hello.Conn
	defer conn.Close()
	var e *pgerror.Error
	if !errors.As(err, &e) {
		s.visits.Login(resultOf(err))
	} else {
		s.visits.Login(loginResult(e.Code)) // before the client can ask for it
		_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
		_, _ = conn.Write(e.AsFatal().AppendFrame(nil))
	}
	if hello.Startup != nil {
		s.log.Info("login refused", "client", conn.RemoteAddr().String(), "user", hello.Startup.User, "db", hello.Startup.Database, "error", err.Error())
	}
}

func resultOf(err error) stats.LoginResult {
	if protocol.IsTimeout(err) {
		return stats.LoginTimeout
	}
	return stats.LoginBroken
}

func loginResult(code string) stats.LoginResult {
	switch code {
	case pgerror.TooManyConnections, pgerror.CannotConnectNow, pgerror.AdminShutdown:
		return stats.LoginRefused
	case pgerror.ProtocolViolation:
		return stats.LoginBroken
	}
	return stats.LoginFailed
}

// admit takes a client from its startup packet to ReadyForQuery.
func (s *Server) admit(d *door, hello protocol.Hello) (*guest, error) {
	st := hello.Startup
	if err := s.welcomes(d, hello); err != nil {
		return nil, err
	}
	var out []byte
	if st.Negotiate {
		out = protocol.AppendNegotiate(out, st.Version, st.UnknownPQ)
	}
	if _, err := hello.Conn.Write(out); err != nil {
		return nil, err
	}
	c := s.wanted(st)
	credential, err := s.prove(d, hello, c)
	if err != nil {
		return nil, err
	}
	if _, err := hello.Conn.Write(protocol.AppendAuthenticationOk(nil)); err != nil {
		return nil, err
	}
	g := &guest{conn: hello.Conn, startup: st, cluster: c, route: routeOf(d.Route)}
	if err := s.count(g); err != nil {
		return nil, err
	}
	if err := s.seat(g, credential); err != nil {
		for _, f := range g.leave {
			f()
		}
		return nil, err
	}
	s.visits.Login(stats.LoginOK)
	return g, nil
}

// count takes one of the places that max_clients allows. An operator needs
// none, and gets in to see who has taken them all.
func (s *Server) count(g *guest) error {
	if isConsole(g.startup.Database) && s.role(g.startup.User) != admin.None {
		return nil
	}
	if s.clients.Add(1) > int64(s.config.Load().Process.MaxClients) {
		s.clients.Add(-1)
		return errTooMany
	}
	g.leave = append(g.leave, func() { s.clients.Add(-1) })
	return nil
}

// welcomes checks what can be checked before a client has said who it is.
func (s *Server) welcomes(d *door, hello protocol.Hello) error {
	switch {
	case s.draining.Load():
		return pgerror.Fatal(pgerror.CannotConnectNow, "the database system is shutting down")
	case hello.TLS == nil && d.TLS.Mode.Encrypted() && hello.Conn.RemoteAddr().Network() != "unix":
		return pgerror.Fatal(pgerror.InvalidAuthorization, "this listener requires TLS").WithHint("connect with sslmode=require or stronger")
	case !validReplication(hello.Startup.Replicate):
		return pgerror.Fatalf(pgerror.InvalidParameterValue, `invalid value for parameter "replication": "%s"`, hello.Startup.Replicate).
			WithHint(`Valid values are: "false", 0, "true", 1, "database".`)
	}
	return nil
}
