package tcpproxy

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/wyeproxy/wye/proxy/upstream"
)

// Check is what a server must do to be up.
type Check struct {
	None   bool   // it need not do anything
	TLS    bool   // shake hands, though clients may be spoken to in the clear
	Send   []byte // said after connecting
	Expect []byte // must be in the first expectMost bytes of the answer; empty: nothing need be
}

// expectMost bounds the answer to a check, in bytes.
const expectMost = 4096

// prober checks the servers of a pool on the way that clients take.
type prober struct{ pool *Pool }

// Probe connects, shakes hands if need be, and compares the answer.
func (p prober) Probe(ctx context.Context, addr string) (upstream.Report, error) {
	s := *p.pool.settings.Load()
	if s.Check.None {
		return upstream.Report{}, nil
	}
	if s.Check.TLS && s.TLS == nil {
		// Nobody said whom to trust: that the server answers is all we ask.
		s.TLS = &tls.Config{InsecureSkipVerify: true} //nolint:gosec // see above
	}
	began := time.Now()
	conn, err := s.reach(ctx, addr, netip.AddrPort{}, netip.AddrPort{})
	if err != nil {
		return upstream.Report{}, err
	}
	defer conn.Close()
	if len(s.Check.Expect) > 0 {
		by, _ := ctx.Deadline()
		_ = conn.SetDeadline(by)
		if err := s.Check.ask(conn); err != nil {
			return upstream.Report{}, err
		}
	}
	return upstream.Report{Note: "answered in " + time.Since(began).Round(10*time.Microsecond).String()}, nil
}

// ask sends and compares.
func (c *Check) ask(conn net.Conn) error {
	if _, err := conn.Write(c.Send); err != nil {
		return err
	}
	answer := make([]byte, 0, expectMost)
	for {
		n, err := conn.Read(answer[len(answer):cap(answer)])
		answer = answer[:len(answer)+n]
		switch {
		case bytes.Contains(answer, c.Expect):
			return nil
		case err == io.EOF || len(answer) == cap(answer):
			return fmt.Errorf("answered %.60q, which lacks %.60q", answer, c.Expect)
		case err != nil:
			return fmt.Errorf("waiting for %.60q: %w", c.Expect, err)
		}
	}
}
