package main

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/internal/pgmock"
)

// A server that must end may answer and say good-bye in one breath, as one
// does whose postmaster was killed. The client has its answer then, and no
// error. A real server does this once in some hundred times.
func TestAnswerAndGoodbyeInOneBreath(t *testing.T) {
	answer := func(extended bool) []pgproto3.Message {
		list := []pgproto3.Message{&pgproto3.CommandComplete{CommandTag: []byte("INSERT 0 1")}, &pgproto3.ReadyForQuery{TxStatus: 'I'},
			&pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P01", Message: "terminating connection due to unexpected postmaster exit"}}
		if extended {
			return append([]pgproto3.Message{&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.NoData{}}, list...)
		}
		return list
	}
	server, err := pgmock.Listen(func(p *pgmock.Peer) error {
		if err := p.Login(1, []byte("key!")); err != nil {
			return nil // a cancel request, or nobody
		}
		for {
			m, err := p.Next()
			if err != nil {
				return nil
			}
			if m.Type == 'Q' || m.Type == 'S' {
				return p.Send(answer(m.Type == 'S')...)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	_, addr := startProxy(t, shared(t), `
clusters:
  app: {nodes: ["`+server.Addr()+`"], backend: {tls: {mode: disable}}}
users: [{name: app, password: app}]
listeners: [{name: main, bind: "127.0.0.1:0"}]
`)
	conn := connect(t, dsn(addr))
	for range 5 {
		if _, err := conn.Exec(soon(t, generous), "insert into t values (1)").ReadAll(); err != nil {
			t.Fatal(err)
		}
		if res := conn.ExecParams(soon(t, generous), "insert into t values (1)", nil, nil, nil, nil).Read(); res.Err != nil {
			t.Fatal(res.Err)
		}
	}
}
