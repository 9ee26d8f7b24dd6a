package admin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// listen serves the console of p on a free loopback port with trust: users
// named like a role have it. It returns host and port.
func listen(t *testing.T, p *proxy) (host, port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var visits sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	visits.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			visits.Go(func() { visit(ctx, t, New(p), conn) })
		}
	})
	t.Cleanup(func() {
		cancel()
		l.Close()
		visits.Wait()
	})
	host, port, _ = net.SplitHostPort(l.Addr().String())
	return host, port
}

func visit(ctx context.Context, t *testing.T, c *Console, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	who, err := greet(conn)
	if err != nil {
		return // a cancel request, or a client that went away
	}
	if err := c.Serve(ctx, conn, who); err != nil && ctx.Err() == nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("console session of %s: %v", who.User, err)
	}
}

func greet(conn net.Conn) (Session, error) {
	wire := pgproto3.NewBackend(conn, conn)
	for {
		msg, err := wire.ReceiveStartupMessage()
		if err != nil {
			return Session{}, err
		}
		switch m := msg.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := conn.Write([]byte("N")); err != nil {
				return Session{}, err
			}
		case *pgproto3.StartupMessage:
			user := m.Parameters["user"]
			roles := map[string]Role{"viewer": Viewer, "admin": Admin}
			wire.Send(&pgproto3.AuthenticationOk{})
			return Session{User: user, Database: m.Parameters["database"], Role: roles[user],
				BackendKey: []byte{0, 0, 0, 5, 1, 2, 3, 4}}, wire.Flush()
		default:
			return Session{}, fmt.Errorf("%T", msg)
		}
	}
}

// client is a session over a pipe with a hand-held protocol.
type client struct {
	*pgproto3.Frontend
	t    *testing.T
	conn net.Conn
}

// dial starts a session and reads its greeting.
func dial(t *testing.T, p *proxy, who Session) *client {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- New(p).Serve(context.Background(), far, who); far.Close() }()
	t.Cleanup(func() {
		near.Close()
		<-done
	})
	c := &client{pgproto3.NewFrontend(near, near), t, near}
	c.until("Z")
	return c
}

// say sends messages.
func (c *client) say(messages ...pgproto3.FrontendMessage) {
	c.t.Helper()
	for _, m := range messages {
		c.Send(m)
	}
	if err := c.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// until reads up to a ReadyForQuery, "Z", or a fatal error, and prints each
// message in short: "T", "D a|b", "C tag", "E code", "Z state".
func (c *client) until(last string) []string {
	c.t.Helper()
	var seen []string
	for {
		msg, err := c.Receive()
		if err != nil {
			c.t.Fatalf("after %q: %v", seen, err)
		}
		s := short(msg)
		seen = append(seen, s)
		if strings.HasPrefix(s, last) {
			return seen
		}
	}
}

func (c *client) ask(query string) []string {
	c.t.Helper()
	c.say(&pgproto3.Query{String: query})
	return c.until("Z")
}

func short(msg pgproto3.BackendMessage) string {
	switch m := msg.(type) {
	case *pgproto3.RowDescription:
		return fmt.Sprintf("T%d", len(m.Fields))
	case *pgproto3.DataRow:
		var values []string
		for _, v := range m.Values {
			values = append(values, string(v))
		}
		return "D " + strings.Join(values, "|")
	case *pgproto3.CommandComplete:
		return "C " + string(m.CommandTag)
	case *pgproto3.ErrorResponse:
		return "E " + m.Code
	case *pgproto3.NoticeResponse:
		return "N " + m.Severity
	case *pgproto3.ReadyForQuery:
		return "Z " + string(m.TxStatus)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", msg), "*pgproto3.")
}
