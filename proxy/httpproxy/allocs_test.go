package httpproxy

import (
	"bytes"
	"net"
	"runtime"
	"testing"
)

// What a plain GET over kept conns may cost the garbage collector, which is
// what makes the slowest of many requests slow.
const (
	objectsPerGet = 10
	bytesPerGet   = 1408
)

// The client and the origin are loops over bytes that are made once: what is
// allocated while they talk is the proxy's.
var (
	plainGet    = []byte("GET /items?id=42 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: loop/1.0\r\nAccept: */*\r\n\r\n")
	plainAnswer = []byte("HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 16:00:00 GMT\r\nServer: loop\r\n" +
		"Content-Type: text/plain\r\nContent-Length: 13\r\n\r\n" + plainText)
)

const plainText = "hello, world\n"

func TestPlainGetAllocates(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates, too, and empties pools at random")
	}
	_, addr := start(t, all(poolOf(t, loopOrigin(t))))
	c := loopClient(t, addr)
	c.get(200) // conns and pools
	const many = 2000
	objects, size := ^uint64(0), ^uint64(0)
	for range 3 { // what else this process does, it does not do thrice
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c.get(many)
		runtime.ReadMemStats(&after)
		objects = min(objects, (after.Mallocs-before.Mallocs)/many)
		size = min(size, (after.TotalAlloc-before.TotalAlloc)/many)
	}
	t.Logf("%d objects, %d bytes a request", objects, size)
	if objects > objectsPerGet || size > bytesPerGet {
		t.Errorf("a plain GET costs %d objects and %d bytes, want at most %d and %d", objects, size, objectsPerGet, bytesPerGet)
	}
}

// loopOrigin answers each of a conn's requests with the same bytes.
func loopOrigin(tb testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	go answerLoops(l)
	return l.Addr().String()
}

func answerLoops(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answerLoop(c)
	}
}

func answerLoop(c net.Conn) {
	defer c.Close()
	buf, have := make([]byte, 4<<10), 0
	for {
		n, err := c.Read(buf[have:])
		if err != nil {
			return
		}
		if have += n; !bytes.HasSuffix(buf[:have], []byte("\r\n\r\n")) {
			continue
		}
		have = 0
		if _, err := c.Write(plainAnswer); err != nil {
			return
		}
	}
}

// looper is a client that asks for the same thing over one conn.
type looper struct {
	tb  testing.TB
	c   net.Conn
	buf []byte
}

func loopClient(tb testing.TB, addr string) *looper {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return &looper{tb, c, make([]byte, 4<<10)}
}

// get asks n times, one after the other.
func (l *looper) get(n int) {
	for range n {
		if _, err := l.c.Write(plainGet); err != nil {
			l.tb.Fatal(err)
		}
		for have := 0; !bytes.HasSuffix(l.buf[:have], []byte(plainText)); {
			n, err := l.c.Read(l.buf[have:])
			if err != nil {
				l.tb.Fatal(err)
			}
			have += n
		}
		if !bytes.HasPrefix(l.buf, []byte("HTTP/1.1 200 OK\r\n")) {
			l.tb.Fatalf("the proxy answers %.40q", l.buf)
		}
	}
}
