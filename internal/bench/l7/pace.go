//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/wyeproxy/wye/internal/bench/poll"
)

// pacedConns is over how many conns the paced load is spread.
const pacedConns = 32

var pacedRequest = []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")

// pacer asks at a rate, whatever becomes of the answers, on one thread.
type pacer struct {
	poll  *poll.Poll
	conns [pacedConns]pacedConn
	idle  []int       // conns without a request
	due   []time.Time // requests that no conn was free for
	took  []time.Duration
}

type pacedConn struct {
	fd   int
	sent time.Time // was due then; zero: no request is on it
	got  []byte
}

// pace asks addr for d and returns how long after it was due each request was
// answered: a server that stalls is charged for all who had to wait meanwhile.
func pace(addr string, rate float64, d time.Duration) ([]time.Duration, error) {
	p := &pacer{}
	var err error
	if p.poll, err = poll.New(); err != nil {
		return nil, err
	}
	defer p.poll.Close()
	for i := range p.conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return nil, err
		}
		if p.conns[i].fd, err = poll.Detach(c); err != nil {
			return nil, err
		}
		defer syscall.Close(p.conns[i].fd)
		if err := p.poll.Add(p.conns[i].fd, int32(i), poll.Read); err != nil {
			return nil, err
		}
		p.idle = append(p.idle, i)
	}
	failed := make(chan error, 1)
	go func() {
		// Not unlocked: the thread, which is on one CPU, ends with it.
		runtime.LockOSThread()
		failed <- p.run(time.Duration(float64(time.Second)/rate), d)
	}()
	err = <-failed
	return p.took, err
}

func (p *pacer) run(every, d time.Duration) error {
	if err := settle(otherCPU); err != nil {
		return err
	}
	next := time.Now().Add(time.Millisecond)
	end := next.Add(d)
	for {
		now := time.Now()
		for ; !next.After(now) && next.Before(end); next = next.Add(every) {
			p.due = append(p.due, next)
		}
		if err := p.send(); err != nil {
			return err
		}
		if len(p.idle) == pacedConns && !next.Before(end) {
			return nil
		}
		if now.After(end.Add(20 * time.Second)) {
			return fmt.Errorf("%d requests are not answered", pacedConns-len(p.idle))
		}
		wake := next
		if !next.Before(end) {
			wake = now.Add(time.Second)
		}
		ready, err := p.poll.WaitUntil(wake)
		if err != nil {
			return err
		}
		for _, e := range ready {
			if err := p.receive(int(e.Fd)); err != nil {
				return err
			}
		}
	}
}

// settle puts the thread on one CPU and has its timers strike when they should.
func settle(cpu int) error {
	var mask [16]uint64
	mask[cpu/64] = 1 << (cpu % 64)
	if _, _, errno := syscall.Syscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(mask), uintptr(unsafe.Pointer(&mask))); errno != 0 {
		return fmt.Errorf("pin to CPU %d: %w", cpu, errno)
	}
	const setTimerSlack = 29 // PR_SET_TIMERSLACK
	if _, _, errno := syscall.Syscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0); errno != 0 {
		return fmt.Errorf("timer slack: %w", errno)
	}
	return nil
}

// send sends what is due, as far as conns are free: the one that has been so
// for longest.
func (p *pacer) send() error {
	for len(p.due) > 0 && len(p.idle) > 0 {
		c := &p.conns[p.idle[0]]
		p.idle = p.idle[1:]
		c.sent, p.due = p.due[0], p.due[1:]
		if n, err := poll.Send(c.fd, pacedRequest); err != nil || n < len(pacedRequest) {
			return fmt.Errorf("send: %d, %w", n, err)
		}
	}
	return nil
}

func (p *pacer) receive(i int) error {
	c := &p.conns[i]
	var room [4096]byte
	n, err := poll.Recv(c.fd, room[:])
	switch {
	case err == syscall.EAGAIN:
		return nil
	case err != nil:
		return err
	case n == 0:
		return fmt.Errorf("a conn was closed")
	}
	c.got = append(c.got, room[:n]...)
	whole, err := answered(c.got)
	if err != nil || !whole {
		return err
	}
	p.took = append(p.took, time.Since(c.sent))
	c.got = c.got[:0]
	p.idle = append(p.idle, i)
	return nil
}

// answered says whether an answer with a Content-Length is whole.
func answered(got []byte) (bool, error) {
	head, body, ok := bytes.Cut(got, []byte("\r\n\r\n"))
	if !ok {
		return false, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200")) {
		return false, fmt.Errorf("answer %q", head)
	}
	const name = "content-length: "
	at := bytes.Index(bytes.ToLower(head), []byte(name))
	if at < 0 {
		return false, fmt.Errorf("an answer without its length: %q", head)
	}
	digits, _, _ := bytes.Cut(head[at+len(name):], []byte("\r"))
	length, err := strconv.Atoi(string(digits))
	return len(body) >= length, err
}
