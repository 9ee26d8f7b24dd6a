package protocol

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// SendCancel asks the server at o.Addr to cancel what the session with this
// key is doing, with TLS as o says, and returns when the server has closed
// the connection: from then on the signal has been sent. After an error it
// may still come. The context bounds it.
func SendCancel(ctx context.Context, o DialOptions, key CancelKey) error {
	if len(key.Key) == 0 {
		return errors.New("the server gave no key to cancel with")
	}
	raw, err := dialNet(ctx, o.Addr)
	if err != nil {
		return fmt.Errorf("dial %s: %w", strings.TrimPrefix(o.Addr, "unix:"), err)
	}
	defer raw.Close()
	stop := context.AfterFunc(ctx, func() { _ = raw.SetDeadline(past) })
	defer stop()
	conn, err := startTLS(ctx, raw, o)
	if err != nil {
		return err
	}
	b := make([]byte, 12, 12+len(key.Key))
	binary.BigEndian.PutUint32(b, uint32(12+len(key.Key)))
	binary.BigEndian.PutUint32(b[4:], cancelRequest)
	binary.BigEndian.PutUint32(b[8:], key.PID)
	if _, err := conn.Write(append(b, key.Key...)); err != nil {
		return err
	}
	return awaitClose(ctx, conn)
}

// CancelQuery is SendCancel to the server that s is at: to its very address,
// where a name may stand for several, and with TLS if s has it. Any goroutine
// may call it.
func (s *ServerConn) CancelQuery(ctx context.Context) error {
	o := s.how
	if !strings.HasPrefix(o.Addr, "unix:") {
		o.Addr = s.NetConn().RemoteAddr().String()
	}
	return SendCancel(ctx, o, CancelKey{PID: s.PID, Key: s.Key})
}

// awaitClose reads until the server closes the connection, in whatever way.
func awaitClose(ctx context.Context, conn net.Conn) error {
	const silence = 64 // bytes; it has nothing to say
	n, err := io.Copy(io.Discard, io.LimitReader(conn, silence))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case IsTimeout(err):
		return err
	case n == silence:
		return errors.New("unexpected answer to a cancel request")
	}
	return nil
}

// CancelTimeout bounds one cancel request, as PgBouncer's
// cancel_wait_timeout does.
const CancelTimeout = 10 * time.Second
