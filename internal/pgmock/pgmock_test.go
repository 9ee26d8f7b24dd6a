package pgmock

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A driver that knows nothing of us believes that it talks to PostgreSQL.
func TestServesADriver(t *testing.T) {
	s, err := Listen(func(p *Peer) error {
		if err := p.Login(7, []byte("0123"), [2]string{"server_version", "15.0"}); err != nil {
			return err
		}
		return p.Serve()
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	c, err := pgconn.Connect(ctx, "postgres://u@"+s.Addr()+"/d?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	if c.PID() != 7 || c.ParameterStatus("server_version") != "15.0" {
		t.Errorf("process %d, version %q", c.PID(), c.ParameterStatus("server_version"))
	}
	if _, err := c.Exec(ctx, "anything").ReadAll(); err != nil {
		t.Error(err)
	}
	if r := c.ExecParams(ctx, "anything", [][]byte{[]byte("1")}, nil, nil, nil).Read(); r.Err == nil {
		t.Error("Describe is answered, which this server does not know")
	}
	_ = c.Close(ctx)
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), `'D'`) {
		t.Errorf("the script's error is lost: %v", err)
	}
}

func TestKillAndCancel(t *testing.T) {
	cancelled := make(chan struct{}, 2)
	s, err := Listen(func(p *Peer) error {
		err := p.Login(1, []byte("0123"))
		var cancel *ErrCancel
		if errors.As(err, &cancel) && string(cancel.Key) == "0123" {
			cancelled <- struct{}{}
			return nil
		}
		if err != nil {
			return err
		}
		return p.Serve()
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	for _, kill := range []func() bool{s.KillOne, func() bool { return s.KillAll() == 1 }} {
		c, err := pgconn.Connect(ctx, "postgres://u@"+s.Addr()+"/d?sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CancelRequest(ctx); err != nil {
			t.Error(err)
		}
		<-cancelled // or what is killed is the cancel request's connection, before it has said so
		for s.count() > 1 {
			time.Sleep(time.Millisecond)
		}
		if !kill() {
			t.Error("nobody to kill")
		}
		if _, err := c.Exec(ctx, "x").ReadAll(); err == nil {
			t.Error("answered after it was killed")
		}
		for s.count() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if s.KillOne() {
		t.Error("killed somebody who is not there")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func (s *Server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}
