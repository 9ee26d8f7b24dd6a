package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// memory reads a line of /proc/PID/status, in bytes.
func (p *process) memory(field string) int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return n << 10
		}
	}
	p.t.Fatalf("no %s", field)
	return 0
}

// growth runs f and returns by how much the process was larger, at its
// largest, than before.
func (p *process) growth(f func()) int64 {
	p.t.Helper()
	before := p.memory("VmRSS")
	reset := fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid)
	if err := os.WriteFile(reset, []byte("5"), 0); err != nil { // 5 resets VmHWM (proc(5))
		p.t.Fatal(err)
	}
	f()
	return p.memory("VmHWM") - before
}

// maxGrowth is what one client may cost beyond its buffers, however much it
// sends or receives.
const maxGrowth = 8 << 20

// writeLong writes one message of n bytes, counted with its length, in
// pieces: head first, tail last, and letters between.
func (c *rawClient) writeLong(typ byte, n int, head, tail []byte) {
	c.t.Helper()
	w := bufio.NewWriterSize(c.conn, 256<<10)
	_, _ = w.Write(binary.BigEndian.AppendUint32([]byte{typ}, uint32(n)))
	_, _ = w.Write(head)
	fill := bytes.Repeat([]byte("x"), 64<<10)
	for left := n - 4 - len(head) - len(tail); left > 0; {
		k, err := w.Write(fill[:min(left, len(fill))])
		if err != nil {
			c.t.Fatal(err)
		}
		left -= k
	}
	_, _ = w.Write(tail)
	if err := w.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// drink reads n bytes of whatever comes and forgets them.
func (c *rawClient) drink(n int64) {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	if _, err := io.CopyN(io.Discard, c.conn, n); err != nil {
		c.t.Fatal(err)
	}
}

func (c *rawClient) value() string {
	c.t.Helper()
	d, ok := c.last.(*pgproto3.DataRow)
	if !ok {
		c.t.Fatalf("%T is no row", c.last)
	}
	return string(d.Values[0])
}

func TestMemoryIsBounded(t *testing.T) {
	p := startProcess(t, shared(t), wyeConfig("pool: {size: 2}"))
	warm := connect(t, dsn(p.addr()))
	must(t, warm, "select repeat('x', 1000) from generate_series(1, 10000)")
	for _, tt := range []struct {
		name string
		do   func(c *rawClient)
	}{
		{"query of 100 MB", func(c *rawClient) {
			const n = 100 << 20
			head, tail := "select length('", "')\x00"
			c.writeLong('Q', n, []byte(head), []byte(tail))
			c.expect("T D")
			if got := c.value(); got != strconv.Itoa(n-4-len(head)-len(tail)) {
				c.t.Errorf("the server got %s letters", got)
			}
			c.expect("C Z")
		}},
		{"statement of 50 MB", func(c *rawClient) {
			const n = 50 << 20
			c.writeLong('P', n, []byte("long\x00select length('"), []byte("')\x00\x00\x00"))
			c.Send(&pgproto3.Bind{PreparedStatement: "long"})
			c.Send(&pgproto3.Execute{})
			c.Send(&pgproto3.Sync{})
			c.expect("1 2 D C Z")
		}},
		{"argument of 100 MB", func(c *rawClient) {
			const n = 100 << 20
			c.Send(&pgproto3.Parse{Name: "s", Query: "select length($1::text)"})
			_ = c.Flush()
			head := []byte("\x00s\x00\x00\x00\x00\x01")
			c.writeLong('B', 4+len(head)+4+n+2, binary.BigEndian.AppendUint32(head, n), []byte{0, 0})
			c.Send(&pgproto3.Execute{})
			c.Send(&pgproto3.Sync{})
			c.expect("1 2 D")
			if got := c.value(); got != strconv.Itoa(n) {
				c.t.Errorf("the server got %s letters", got)
			}
			c.expect("C Z")
		}},
		{"copy of 200 MB in", func(c *rawClient) {
			c.Send(&pgproto3.Query{String: "create temp table sink (t text); copy sink from stdin where t is null"})
			c.expect("C G")
			row := append(bytes.Repeat([]byte("y"), 4095), '\n')
			frame, _ := (&pgproto3.CopyData{Data: bytes.Repeat(row, 16)}).Encode(nil)
			for range 200 << 20 / (64 << 10) {
				if _, err := c.conn.Write(frame); err != nil {
					c.t.Fatal(err)
				}
			}
			c.Send(&pgproto3.CopyDone{})
			c.expect("C Z")
			c.Send(&pgproto3.Query{String: "drop table sink"})
			c.expect("C Z")
		}},
		{"copy row of 100 MB in", func(c *rawClient) {
			c.Send(&pgproto3.Query{String: "create temp table sink (t text); copy sink from stdin where t is null"})
			c.expect("C G")
			c.writeLong('d', 100<<20, nil, []byte("\n"))
			c.Send(&pgproto3.CopyDone{})
			c.expect("C Z")
			c.Send(&pgproto3.Query{String: "drop table sink"})
			c.expect("C Z")
		}},
		{"row of 100 MB out", func(c *rawClient) {
			c.Send(&pgproto3.Query{String: "select repeat('z', 104857600)"})
			_ = c.Flush()
			c.drink(104857600)
			c.Send(&pgproto3.Query{String: "select 1"})
			_ = c.Flush()
			var rest []byte
			for piece := make([]byte, 4096); bytes.Count(rest, []byte("SELECT 1\x00Z\x00\x00\x00\x05I")) < 2; {
				n, err := c.conn.Read(piece)
				if rest = append(rest, piece[:n]...); err != nil || len(rest) > 4096 {
					c.t.Fatalf("the answers end in %q (%v)", rest, err)
				}
			}
		}},
		{"slow reader", func(c *rawClient) {
			c.Send(&pgproto3.Query{String: "select repeat('z', 1000) from generate_series(1, 100000)"})
			_ = c.Flush()
			for range 20 {
				c.drink(100 << 10)
				time.Sleep(25 * time.Millisecond)
			}
			c.drink(90 << 20)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			grown := p.growth(func() {
				c := hijack(t, dsn(p.addr()))
				tt.do(c)
				_ = c.conn.Close()
			})
			t.Logf("grew by %d KiB in %v", grown>>10, time.Since(began).Round(time.Millisecond))
			if grown > maxGrowth {
				t.Errorf("grew by %d KiB, want at most %d", grown>>10, maxGrowth>>10)
			}
		})
	}
	must(t, warm, "select 1")
}
