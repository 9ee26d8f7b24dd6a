//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// idleConns are opened for the memory of each.
const idleConns = 1000

func compareIdle(ps []*proxy) error {
	fmt.Println()
	for _, p := range ps {
		kib, err := p.idle()
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Printf("%-8s %6.1f KiB an idle conn\n", p.name, kib)
	}
	return nil
}

// idle is the resident memory that a conn costs which has asked once.
func (p *proxy) idle() (float64, error) {
	before, err := resident(p.cmd.Process.Pid)
	if err != nil {
		return 0, err
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for range idleConns {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			return 0, err
		}
		open = append(open, c)
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
			return 0, err
		}
		if _, err := c.Read(make([]byte, 4096)); err != nil {
			return 0, err
		}
	}
	after, err := resident(p.cmd.Process.Pid)
	return float64(after-before) / idleConns, err
}

func resident(pid int) (kib int, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	return strconv.Atoi(strings.Fields(rest)[0])
}

// lookForGrowth loads a proxy for long, in ten parts, and prints what it holds
// after each.
func lookForGrowth(p *proxy, o *options) error {
	fmt.Println()
	total, first := 0, 0
	for part := range 10 {
		n, err := p.load(max(o.long/10, time.Second))
		if err != nil {
			return err
		}
		total += n
		kib, err := resident(p.cmd.Process.Pid)
		if err != nil {
			return err
		}
		if part == 0 {
			first = kib
		}
		open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
		if err != nil {
			return err
		}
		fmt.Printf("%-8s %9d requests %8d KiB resident (%+d) %4d descriptors\n", p.name, total, kib, kib-first, len(open))
	}
	return nil
}
