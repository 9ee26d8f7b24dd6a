package pgmock

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Codes of the first packets, from the protocol's chapter on message formats.
const (
	Version30     = 196608
	SSLRequest    = 80877103
	CancelRequest = 80877102
)

// Welcome is what a server says when it lets a client in without a proof.
func Welcome(pid uint32, key []byte, params ...[2]string) []pgproto3.Message {
	list := []pgproto3.Message{&pgproto3.AuthenticationOk{}}
	for _, p := range params {
		list = append(list, &pgproto3.ParameterStatus{Name: p[0], Value: p[1]})
	}
	return append(list, &pgproto3.BackendKeyData{ProcessID: pid, SecretKey: key}, &pgproto3.ReadyForQuery{TxStatus: 'I'})
}

// ErrCancel is returned by Login for a connection that carries a cancel
// request.
type ErrCancel struct {
	PID uint32
	Key []byte
}

func (e *ErrCancel) Error() string { return fmt.Sprintf("cancel request for process %d", e.PID) }

// Login plays the server's side of a login without TLS, up to ReadyForQuery.
func (p *Peer) Login(pid uint32, key []byte, params ...[2]string) error {
	code, body, err := p.First()
	switch {
	case err != nil:
		return err
	case code == CancelRequest && len(body) >= 4:
		return &ErrCancel{binary.BigEndian.Uint32(body), body[4:]}
	case code != Version30:
		return errors.New("unexpected version in startup packet")
	}
	return p.Send(Welcome(pid, key, params...)...)
}

// Serve answers every request as an idle server without tables would, until
// the client says good-bye or leaves: Sync and Query with ReadyForQuery, Parse
// and Bind and Close as done, Execute with an empty result.
func (p *Peer) Serve() error {
	for {
		m, err := p.Next()
		if err != nil || m.Type == 'X' {
			return nil
		}
		var answer pgproto3.Message
		switch m.Type {
		case 'Q':
			if err := p.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")}); err != nil {
				return nil
			}
			answer = &pgproto3.ReadyForQuery{TxStatus: 'I'}
		case 'S':
			answer = &pgproto3.ReadyForQuery{TxStatus: 'I'}
		case 'P':
			answer = &pgproto3.ParseComplete{}
		case 'B':
			answer = &pgproto3.BindComplete{}
		case 'C':
			answer = &pgproto3.CloseComplete{}
		case 'E':
			answer = &pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")}
		case 'H':
			continue
		default:
			return fmt.Errorf("client sent message %q", m.Type)
		}
		if err := p.Send(answer); err != nil {
			return nil
		}
	}
}
