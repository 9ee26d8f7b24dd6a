package protocol

import (
	"io"
	"net"
	"testing"
	"time"
)

// The request goes to where the conn is, by the same means, whatever the name

// stands for by now.

// Close must not wait for a server that reads nothing: the pool is locked

// meanwhile.

func TestServerConnCloseDoesNotWait(t *testing.T) {
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			for name, end := range map[string]func(*ServerConn){"Close": func(s *ServerConn) { _ = s.Close() }, "Terminate": (*ServerConn).Terminate} {
				ours, _ := pair(t, kind)
				s := &ServerConn{link: NewLink(ours)}
				s.SetDeadline(time.Now().Add(50 * time.Millisecond))
				for s.Send(make([]byte, 1<<20)) == nil { // until its buffers are full
				}
				s.SetDeadline(time.Time{})
				began := time.Now()
				end(s)
				if d := time.Since(began); d > time.Second {
					t.Errorf("%s took %v", name, d)
				}
			}
		})
	}
}

func TestServerConnInterrupt(t *testing.T) {
	eachKind(t, func(t *testing.T, link Link, peer net.Conn) {
		s := &ServerConn{link: link}
		b := NewAnswerBuffer()
		defer b.Release()
		time.AfterFunc(10*time.Millisecond, s.Interrupt)
		soon(t, "Recv", func() {
			if err := s.Recv(b); !IsTimeout(err) {
				t.Errorf("got %v", err)
			}
		})
		s.Resume()
		go func() { _, _ = peer.Write([]byte("x")) }()
		soon(t, "Recv", func() { must(t, s.Recv(b)) })
		if string(b.Unread()) != "x" {
			t.Errorf("got %q", b.Unread())
		}
	})
}

func TestClientConnBuffers(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			ours, peer := pair(t, kind)
			c := NewClientConn(ours)
			if c.Input() != nil || c.Room() != RequestBuffer || c.in != nil {
				t.Error("a new one holds a buffer")
			}
			go func() { _, _ = peer.Write([]byte("hello, world")) }()
			for len(c.Input()) < 12 {
				must(t, c.Fill())
			}
			c.Consume(7)
			if string(c.Input()) != "world" {
				t.Errorf("left %q", c.Input())
			}
			c.Grow(100 << 10)
			if string(c.Input()) != "world" || c.Room() != 100<<10 {
				t.Errorf("grown to %d: %q", c.Room(), c.Input())
			}
			c.Consume(5)
			if c.in != nil {
				t.Error("an idle client holds a buffer")
			}
		})
	}
}

func TestClientConnQueue(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			ours, peer := pair(t, kind)
			c := NewClientConn(ours)
			queue := func(s string) {
				b := NewAnswerBuffer()
				b.W = copy(b.B, s)
				must(t, c.Queue(b))
			}
			got := make(chan string)
			go func() {
				b := make([]byte, 13)
				_, _ = io.ReadFull(peer, b)
				got <- string(b)
				_, _ = peer.Write([]byte("q"))
			}()
			queue("one ") // goes when two is queued
			queue("two ") // goes before three
			must(t, c.Send([]byte("three")))
			if c.pending != nil {
				t.Error("what was sent is still held")
			}
			must(t, c.Flush())
			if s := <-got; s != "one two three" {
				t.Errorf("peer got %q", s)
			}
			queue("four")
			go func() { b := make([]byte, 4); _, _ = io.ReadFull(peer, b); _, _ = peer.Write([]byte("q")) }()
			for answers := 0; answers < 2; { // both may come at once
				n := fill(t, c)
				answers += n
				c.Consume(n)
			}
			if c.pending != nil || c.in != nil {
				t.Error("an idle client holds a buffer")
			}
		})
	}
}

func fill(t *testing.T, c *ClientConn) int {
	t.Helper()
	soon(t, "Fill", func() { must(t, c.Fill()) })
	return len(c.Input())
}

func TestClientConnWiden(t *testing.T) {
	ours, peer := pair(t, "tcp")
	c := NewClientConn(ours)
	c.Widen() // nothing to widen
	_, _ = peer.Write([]byte("copy data"))
	fill(t, c)
	c.Consume(5)
	c.Widen()
	c.Widen()
	if string(c.Input()) != "data" || c.Room() != AnswerBuffer {
		t.Errorf("%q in %d bytes", c.Input(), c.Room())
	}
}

func TestClientConnInterruptAndClose(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			ours, peer := pair(t, kind)
			c := NewClientConn(ours)
			time.AfterFunc(5*time.Millisecond, c.Interrupt)
			for range 2 {
				soon(t, "Fill", func() {
					if err := c.Fill(); !IsTimeout(err) {
						t.Errorf("got %v", err)
					}
				})
			}
			c.Resume()
			go func() { _, _ = peer.Write([]byte("x")) }()
			fill(t, c)
			b := NewAnswerBuffer()
			b.W = 1
			must(t, c.Queue(b))
			go func() { _, _ = io.Copy(io.Discard, peer) }()
			_ = c.Close()
			if c.in != nil || c.pending != nil {
				t.Error("a closed one holds buffers")
			}
			if err := c.Fill(); err == nil {
				t.Error("filled after Close")
			}
		})
	}
}
