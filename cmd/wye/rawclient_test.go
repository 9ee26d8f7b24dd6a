package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// rawClient speaks the protocol message by message.
type rawClient struct {
	*pgproto3.Frontend
	t    testing.TB
	conn net.Conn
	last pgproto3.BackendMessage // the last one that was read
	err  *pgproto3.ErrorResponse
}

// hijack logs in and takes the connection over.
func hijack(t testing.TB, dsn string) *rawClient {
	t.Helper()
	conn, err := pgconn.Connect(soon(t, generous), dsn)
	if err != nil {
		t.Fatal(err)
	}
	h, err := conn.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Conn.Close() })
	return &rawClient{Frontend: h.Frontend, t: t, conn: h.Conn}
}

// expect reads as many messages as there are letters, and compares.
func (c *rawClient) expect(letters string) {
	c.t.Helper()
	if err := c.Flush(); err != nil {
		c.t.Fatal(err)
	}
	want := strings.Fields(letters)
	var got []string
	_ = c.conn.SetReadDeadline(time.Now().Add(generous))
	for len(got) < len(want) {
		letter := c.receive()
		if letter == "" {
			break
		}
		got = append(got, letter)
	}
	if strings.Join(got, " ") != letters {
		c.t.Fatalf("got %v, want %s (error %v)", got, letters, c.err)
	}
}

// receive reads one message and returns its letter, "" when the connection
// has ended.
func (c *rawClient) receive() string {
	m, err := c.Receive()
	if err != nil {
		return ""
	}
	c.last = m
	if e, ok := m.(*pgproto3.ErrorResponse); ok {
		copied := *e
		c.err = &copied
	}
	frame, err := m.Encode(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(frame[:1])
}
