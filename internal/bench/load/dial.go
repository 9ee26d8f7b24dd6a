//go:build linux

package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/wyeproxy/wye/protocol/auth"
)

// Target is a place to log in to.
type Target struct {
	Addr, Database, User string
	Credential           *auth.Credential // keys are derived once; see Fresh
	TLS                  *tls.Config      // nil: plaintext
}

// Fresh returns a target that derives its SCRAM keys anew, as every process of
// an application does when it logs in.
func (t Target) Fresh(password string) Target {
	t.Credential = auth.PasswordCredential(password)
	return t
}

// patience bounds a login and each answer that Conn waits for.
const patience = 30 * time.Second

// Conn is one client that is logged in. It belongs to one goroutine.
type Conn struct {
	conn net.Conn
	in   *bufio.Reader
}

// Dial logs in and returns when the other side is ready for queries. The
// caller must Close.
func Dial(ctx context.Context, t Target) (*Conn, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", t.Addr)
	if err != nil {
		return nil, err
	}
	c := &Conn{conn: nc}
	_ = nc.SetDeadline(time.Now().Add(patience))
	if err := c.login(t); err != nil {
		nc.Close()
		return nil, fmt.Errorf("log in to %s: %w", t.Addr, err)
	}
	_ = c.conn.SetDeadline(time.Time{})
	return c, nil
}

func (c *Conn) login(t Target) error {
	if t.TLS != nil {
		if err := c.secure(t.TLS); err != nil {
			return err
		}
	}
	c.in = bufio.NewReaderSize(c.conn, 1<<10)
	b := []byte{0, 0, 0, 0, 0, 3, 0, 0}
	for _, s := range []string{"user", t.User, "database", t.Database} {
		b = cstring(b, s)
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	proof := auth.NewLogin(t.User, t.Credential, auth.LoginOptions{TLS: t.TLS != nil})
	for {
		kind, body, err := c.next()
		if err != nil {
			return err
		}
		switch kind {
		case 'Z':
			return nil
		case 'E':
			return errors.New(errorText(body))
		case 'R':
			answer, _, err := proof.Step(body)
			if err != nil {
				return err
			}
			if answer == nil {
				continue
			}
			b, at := begin(nil, 'p')
			if _, err := c.conn.Write(end(append(b, answer...), at)); err != nil {
				return err
			}
		}
	}
}

// secure asks for TLS and turns the connection into it.
func (c *Conn) secure(config *tls.Config) error {
	if _, err := c.conn.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c.conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return fmt.Errorf("no TLS: the answer is %q", answer[0])
	}
	c.conn = tls.Client(c.conn, config)
	return nil
}

// maxSmall bounds the frames that are read whole: those of a login, and errors.
const maxSmall = 64 << 10

// next reads one whole frame.
func (c *Conn) next() (byte, []byte, error) {
	var h [5]byte
	if _, err := io.ReadFull(c.in, h[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(h[1:])
	if n < 4 || n > maxSmall {
		return 0, nil, errFrame
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(c.in, body)
	return h[0], body, err
}

// Query runs SQL in the simple protocol and throws rows away. each, if not
// nil, is called after each frame with its size in bytes.
func (c *Conn) Query(sql string, each func(bytes int)) error {
	b, at := begin(nil, 'Q')
	return c.ask(end(cstring(b, sql), at), each)
}

// ask sends a request and reads up to ReadyForQuery.
func (c *Conn) ask(request []byte, each func(bytes int)) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	var failed error
	for {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		h, err := c.in.Peek(5)
		if err != nil {
			return err
		}
		kind, n := h[0], binary.BigEndian.Uint32(h[1:])
		if n < 4 || n > 1<<30 {
			return errFrame
		}
		if kind == 'E' {
			if _, body, err := c.next(); err != nil {
				return err
			} else if failed == nil {
				failed = errors.New(errorText(body))
			}
			continue
		}
		if _, err := c.in.Discard(int(n) + 1); err != nil {
			return err
		}
		if each != nil {
			each(int(n) + 1)
		}
		if kind == 'Z' {
			return failed
		}
	}
}

// Close says goodbye and closes the socket.
func (c *Conn) Close() error {
	_ = c.conn.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.conn.Write(appendTerminate(nil))
	return c.conn.Close()
}
