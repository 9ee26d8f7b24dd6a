package pgmock

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Peer is one end of a connection, client or server. It is used by one
// goroutine.
type Peer struct{ net.Conn }

// Message is one frame as it stood on the wire.
type Message struct {
	Type byte
	Body []byte
}

// maxBody keeps a wrong length from taking all memory, in bytes.
const maxBody = 1 << 26

// Send writes messages one behind the other in one write.
func (p *Peer) Send(messages ...pgproto3.Message) error {
	b, err := Encode(messages...)
	if err != nil {
		return err
	}
	_, err = p.Write(b)
	return err
}

// Encode returns the messages as they stand on the wire.
func Encode(messages ...pgproto3.Message) ([]byte, error) {
	var b []byte
	var err error
	for _, m := range messages {
		if b, err = m.Encode(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// Next reads one message.
func (p *Peer) Next() (Message, error) {
	var head [5]byte
	if _, err := io.ReadFull(p, head[:]); err != nil {
		return Message{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > maxBody {
		return Message{}, fmt.Errorf("message %q has length %d", head[0], n)
	}
	m := Message{head[0], make([]byte, n-4)}
	_, err := io.ReadFull(p, m.Body)
	return m, err
}

// Expect reads messages of exactly these types and returns the last one.
func (p *Peer) Expect(types string) (Message, error) {
	var m Message
	for _, want := range []byte(types) {
		var err error
		if m, err = p.Next(); err != nil {
			return m, fmt.Errorf("wanted %q: %w", want, err)
		}
		if m.Type != want {
			return m, fmt.Errorf("wanted %q, got %q %q", want, m.Type, m.Body)
		}
	}
	return m, nil
}

// First reads a packet without a type, as a connection begins with: the code
// that stands in the place of a version, and what follows it.
func (p *Peer) First() (code uint32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(p, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[:4])
	if n < 8 || n > 1<<16 {
		return 0, nil, fmt.Errorf("first packet has length %d", n)
	}
	body = make([]byte, n-8)
	_, err = io.ReadFull(p, body)
	return binary.BigEndian.Uint32(head[4:]), body, err
}
