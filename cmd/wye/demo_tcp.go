package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// demoServerCommand is how the demo runs this program as one of the servers
// that speak no SQL. Nobody else needs it, so it is in no usage.
const demoServerCommand = "demo-server"

// runDemoServer answers each line with the name of the server and the line. It
// ends when the demo does, which holds its standard input.
func runDemoServer(args []string, out io.Writer) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil || len(args) != 1 {
		return exitFailed
	}
	fmt.Fprintln(out, l.Addr())
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answerLines(c, args[0])
		}
	}()
	_, _ = io.Copy(io.Discard, os.Stdin)
	return exitOK
}

func answerLines(c net.Conn, name string) {
	defer c.Close()
	for in := bufio.NewScanner(c); in.Scan(); {
		if _, err := fmt.Fprintf(c, "%s %s\n", name, in.Text()); err != nil {
			return
		}
	}
}

// lineServer is one of them, seen from the demo.
type lineServer struct {
	name, addr string
	cmd        *exec.Cmd
	hold       io.Closer
}

// startLineServers starts three processes.
func startLineServers() (servers []*lineServer, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for i := range 3 {
		s := &lineServer{name: "line-" + strconv.Itoa(i+1)}
		s.cmd = exec.Command(self, demoServerCommand, s.name)
		out, err1 := s.cmd.StdoutPipe()
		hold, err2 := s.cmd.StdinPipe()
		if err := errors.Join(err1, err2); err != nil {
			return servers, err
		}
		s.hold = hold
		if err := s.cmd.Start(); err != nil {
			return servers, err
		}
		servers = append(servers, s)
		if s.addr, err = bufio.NewReader(out).ReadString('\n'); err != nil {
			return servers, fmt.Errorf("%s: %w", s.name, err)
		}
		s.addr = strings.TrimSpace(s.addr)
	}
	return servers, nil
}

// kill is kill -9.
func (s *lineServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

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
		tcpRequests, tallies(before), tcpRequests, ms(took), tallies(after), tcpStaying, lost)
	f.figures = map[string]any{"requests": 2 * tcpRequests, "failed": 0, "open": tcpStaying, "lost": lost, "after_kill_ms": ms(took)}
	return f, nil
}

// tallies are the answers of each server, in order.
func tallies(who map[string]int) (n []int) {
	for i := range 3 {
		if k := who["line-"+strconv.Itoa(i+1)]; k > 0 {
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
