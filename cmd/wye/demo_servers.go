package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// demoServerCommand is how the demo, and docker-compose.yml, run this program
// as one of the servers that speak no SQL. Nobody else needs it, so it is in no
// usage.
const demoServerCommand = "demo-server"

// demoKinds are what such a server can speak: lines, each of which it answers
// with its name and the line, or HTTP, where it answers with its name.
var demoKinds = map[string]func(l net.Listener, name string){"line": serveLines, "web": servePages}

// runDemoServer is one server; its arguments are kind and name, and where it
// listens. With an address it serves until SIGTERM; without one at any port,
// which it prints, until its standard input ends: the demo holds that.
func runDemoServer(args []string, out io.Writer) int {
	if len(args) < 2 || len(args) > 3 || demoKinds[args[0]] == nil {
		return exitFailed
	}
	addr := "127.0.0.1:0"
	if len(args) == 3 {
		addr = args[2]
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Fprintln(out, err)
		return exitFailed
	}
	fmt.Fprintln(out, l.Addr())
	go demoKinds[args[0]](l, args[1])
	if len(args) == 3 {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
		<-stop
		return exitOK
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
	return exitOK
}

func serveLines(l net.Listener, name string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answerLines(c, name)
	}
}

func answerLines(c net.Conn, name string) {
	defer c.Close()
	for in := bufio.NewScanner(c); in.Scan(); {
		if _, err := fmt.Fprintf(c, "%s %s\n", name, in.Text()); err != nil {
			return
		}
	}
}

func servePages(l net.Listener, name string) {
	s := http.Server{
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }),
		ReadHeaderTimeout: time.Minute,
	}
	_ = s.Serve(l)
}

// demoServer is one of them, seen from the demo.
type demoServer struct {
	name, addr string
	cmd        *exec.Cmd
	hold       io.Closer
}

// startDemoServers starts three processes of a kind.
func startDemoServers(kind string) (servers []*demoServer, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for i := range 3 {
		s := &demoServer{name: kind + "-" + strconv.Itoa(i+1)}
		s.cmd = exec.Command(self, demoServerCommand, kind, s.name)
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
func (s *demoServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// addrs lists where servers are, as the configuration does.
func addrs(servers []*demoServer) string {
	var list []string
	for _, s := range servers {
		list = append(list, strconv.Quote(s.addr))
	}
	return "[" + strings.Join(list, ", ") + "]"
}
