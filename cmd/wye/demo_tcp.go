package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// What the step asks of the pool.
const (
	tcpStaying  = 12
	tcpRequests = 300 // before the kill, and again after it
)

// tourTCP kills one of three servers of a pool that is no database.
func tourTCP(ctx context.Context, r *rig) (f finding, err error) {
	addr := r.server.Addrs()[1].String()
	var staying []*lineClient
	defer func() {
		for _, c := range staying {
			_ = c.Close()
		}
	}()
	had := 0
	victim := r.lines[1]
	for range tcpStaying {
		c, err := dialLines(ctx, addr)
		if err != nil {
			return f, err
		}
		staying = append(staying, c)
		who, err := c.ask("hello")
		if err != nil {
			return f, err
		}
		if who == victim.name {
			had++
		}
	}
	before, err := askMany(ctx, addr, tcpRequests)
	if err != nil {
		return f, err
	}
	victim.kill()
	killed := time.Now()
	after, err := askMany(ctx, addr, tcpRequests)
	if err != nil {
		return f, fmt.Errorf("after %s was killed: %w", victim.name, err)
	}
	took := time.Since(killed)
	lost := 0
	for _, c := range staying {
		if _, err := c.ask("still there?"); err != nil {
			lost++
		}
	}
	if lost != had || after[victim.name] != 0 || before[victim.name] == 0 {
		return f, fmt.Errorf("%s had %d connections of %d, and %d were lost; it answered %d requests, and %d when it was killed",
			victim.name, had, tcpStaying, lost, before[victim.name], after[victim.name])
	}
	f.text = fmt.Sprintf("%d requests on connections of their own over 3 servers %v; one killed, %d more in %.0f ms over the others %v: 0 failed; of %d open connections the %d it had were lost",
		tcpRequests, tallies(before, r.lines), tcpRequests, ms(took), tallies(after, r.lines), tcpStaying, lost)
	f.figures = map[string]any{"requests": 2 * tcpRequests, "failed": 0, "open": tcpStaying, "lost": lost, "after_kill_ms": ms(took)}
	return f, nil
}

// tallies are the answers of each server, in order.
func tallies(who map[string]int, servers []*demoServer) (n []int) {
	for _, s := range servers {
		if k := who[s.name]; k > 0 {
			n = append(n, k)
		}
	}
	return n
}

// askMany asks once on each of n connections, one after the other, and returns
// who answered how often.
func askMany(ctx context.Context, addr string, n int) (map[string]int, error) {
	who := map[string]int{}
	for i := range n {
		c, err := dialLines(ctx, addr)
		if err != nil {
			return who, err
		}
		name, err := c.ask("request " + strconv.Itoa(i))
		_ = c.Close()
		if err != nil {
			return who, err
		}
		who[name]++
	}
	return who, nil
}

// lineClient speaks to such a server.
type lineClient struct {
	net.Conn
	in *bufio.Reader
}

func dialLines(ctx context.Context, addr string) (*lineClient, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	if by, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(by)
	}
	return &lineClient{c, bufio.NewReader(c)}, nil
}

// ask says a line and returns who answered it.
func (c *lineClient) ask(line string) (string, error) {
	if _, err := fmt.Fprintln(c, line); err != nil {
		return "", err
	}
	answer, err := c.in.ReadString('\n')
	who, what, _ := strings.Cut(strings.TrimSuffix(answer, "\n"), " ")
	if err == nil && what != line {
		err = fmt.Errorf("said %q, heard %q", line, what)
	}
	return who, err
}
