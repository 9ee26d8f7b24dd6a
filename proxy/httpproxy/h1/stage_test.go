package h1

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bound is how long anything here may take on a machine that is busy.
const bound = 20 * time.Second

// peer is a server's conn in a test's hands.
type peer struct {
	*net.TCPConn
	t  *testing.T
	in *bufio.Reader
}

// request reads a request's head, and says its first line.
func (p *peer) request() (*http.Request, bool) {
	r, err := http.ReadRequest(p.in)
	return r, err == nil
}

func (p *peer) say(text string) { _, _ = io.WriteString(p, text) }

// serve is a server on a real socket; each conn runs the script with its
// number, from 1.
func serve(t *testing.T, script func(p *peer, n int)) (addr string, accepted *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted = new(atomic.Int64)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n := int(accepted.Add(1))
			running.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(bound))
				script(&peer{c.(*net.TCPConn), t, bufio.NewReader(c)}, n)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return l.Addr().String(), accepted
}

// carrier is one with plain conns, closed when the test ends.
func carrier(t *testing.T) *Carrier {
	t.Helper()
	c := &Carrier{Dial: new(net.Dialer).DialContext, Stall: bound, Idle: bound, MaxIdle: 8, MaxHead: 64 << 10}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// load is a request to addr; body is in memory.
func load(t *testing.T, method, addr, body string) *Load {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+addr+"/a?b=c", nil)
	if err != nil {
		t.Fatal(err)
	}
	l := &Load{Request: r, Addr: addr}
	if body != "" {
		l.Memory, r.ContentLength = []byte(body), int64(len(body))
	}
	return l
}

// carry sends a request and reads the answer's body.
func carry(c *Carrier, l *Load) (*http.Response, string, error) {
	res, err := c.Carry(l)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(bound); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

// unused is how many conns the carrier keeps.
func (c *Carrier) unused() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, all := range c.idle {
		n += len(all)
	}
	return n
}

// long is text that no socket holds.
func long(n int) string { return strings.Repeat("0123456789abcdef", n/16) }
