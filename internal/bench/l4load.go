//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// What the first byte of a connection asks of the origin.
const (
	l4Echo = 'e' // all that follows, back
	l4Down = 'd' // bytes without end
)

// smallMessage is the size of small messages, in bytes.
const smallMessage = 64

// origin is the server behind the proxies, in this process.
type origin struct {
	addr string
	l    net.Listener
}

func newOrigin() (*origin, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{l.Addr().String(), l}
	go o.serve()
	return o, nil
}

func (o *origin) serve() {
	for {
		c, err := o.l.Accept()
		if err != nil {
			return
		}
		go originConn(c)
	}
}

func originConn(c net.Conn) {
	defer c.Close()
	buf := make([]byte, 1)
	if _, err := io.ReadFull(c, buf); err != nil {
		return // a check
	}
	if buf[0] == l4Down {
		buf = make([]byte, 256<<10)
		for {
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
	}
	buf = make([]byte, smallMessage)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (o *origin) close() { _ = o.l.Close() }

// l4Load is clients that work until stop.
type l4Load struct {
	addr         string
	done, failed atomic.Int64
	ending       atomic.Bool
	mu           sync.Mutex
	conns        []net.Conn
	workers      sync.WaitGroup
}

func startL4Load(addr, mode string, n int) (*l4Load, error) {
	l := &l4Load{addr: addr}
	work := map[string]func() error{"echo": l.echo, "down": l.down, "conn": l.connect}[mode]
	if work == nil {
		return nil, fmt.Errorf("no mode %q", mode)
	}
	for range n {
		l.workers.Add(1)
		go func() {
			defer l.workers.Done()
			if err := work(); err != nil && !l.ending.Load() {
				l.failed.Add(1)
			}
		}()
	}
	return l, nil
}

func (l *l4Load) stop() {
	l.ending.Store(true)
	l.mu.Lock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.mu.Unlock()
	l.workers.Wait()
}

func (l *l4Load) dial(first byte) (net.Conn, error) {
	c, err := net.Dial("tcp", l.addr)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conns = append(l.conns, c)
	l.mu.Unlock()
	_, err = c.Write([]byte{first})
	return c, err
}

func (l *l4Load) echo() error {
	c, err := l.dial(l4Echo)
	if err != nil {
		return err
	}
	buf := make([]byte, smallMessage)
	for {
		if _, err := c.Write(buf); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, buf); err != nil {
			return err
		}
		l.done.Add(1)
	}
}

func (l *l4Load) down() error {
	c, err := l.dial(l4Down)
	if err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	for {
		n, err := c.Read(buf)
		l.done.Add(int64(n))
		if err != nil {
			return err
		}
	}
}

func (l *l4Load) connect() error {
	for !l.ending.Load() {
		if err := l4Once(l.addr); err != nil {
			return err
		}
		l.done.Add(1)
	}
	return nil
}

// l4Once is one connection with one message. It is broken off, so that no port
// is kept for minutes.
func l4Once(addr string) error {
	c, err := l4Message(addr)
	if err != nil {
		return err
	}
	_ = c.SetLinger(0)
	return c.Close()
}

// l4Message connects, says a message and hears it.
func l4Message(addr string) (*net.TCPConn, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	buf := []byte{l4Echo, 'x'}
	if _, err = c.Write(buf); err == nil {
		_, err = io.ReadFull(c, buf[:1])
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	_ = c.SetDeadline(time.Time{})
	return c.(*net.TCPConn), nil
}

// l4Conns are connections that stay.
type l4Conns []*net.TCPConn

func (all *l4Conns) add(addr string) error {
	c, err := l4Message(addr)
	if err == nil {
		*all = append(*all, c)
	}
	return err
}

func (all *l4Conns) close() {
	for _, c := range *all {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}
