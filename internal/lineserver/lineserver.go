package lineserver

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// environment makes a process that calls Main a server of that name, at that
// address: "name 127.0.0.1:0".
const environment = "WYE_LINESERVER"

// speaksHTTP has it answer HTTP requests, with its name alone.
const speaksHTTP = "WYE_LINESERVER_HTTP"

// Main serves until it is killed if this process was started by Start;
// otherwise it returns. Called by TestMain before anything else.
func Main() {
	name, addr, ok := strings.Cut(os.Getenv(environment), " ")
	if !ok {
		return
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() { // a test that was killed leaves nobody behind
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if os.Getenv(speaksHTTP) != "" {
		_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
	}
	Serve(l, name)
	os.Exit(0)
}

// Serve answers lines until the listener is closed.
func Serve(l net.Listener, name string) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go answer(c, name)
	}
}

func answer(c net.Conn, name string) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		if _, err := c.Write([]byte(name + " " + line)); err != nil {
			return
		}
	}
}

// Process is a server in a process of its own.
type Process struct {
	Name, Addr string
	http       bool
	t          testing.TB
	cmd        *exec.Cmd
}

// Start runs this test binary as a server; the test's end kills it.
func Start(t testing.TB, name string) *Process {
	t.Helper()
	return start(&Process{Name: name, t: t})
}

// StartHTTP runs it as a server of HTTP, whose every answer is its name.
func StartHTTP(t testing.TB, name string) *Process {
	t.Helper()
	return start(&Process{Name: name, t: t, http: true})
}

func start(p *Process) *Process {
	p.t.Helper()
	p.Addr = "127.0.0.1:0"
	p.Restart()
	p.t.Cleanup(p.Kill)
	return p
}

// Restart starts it, again at the same address once it has one.
func (p *Process) Restart() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), environment+"="+p.Name+" "+p.Addr)
	if p.http {
		p.cmd.Env = append(p.cmd.Env, speaksHTTP+"=1")
	}
	p.cmd.Stderr = os.Stderr
	if _, err := p.cmd.StdinPipe(); err != nil { // closed when this process goes
		p.t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.HasPrefix(addr, "error:") {
		p.t.Fatalf("line server %s: %q %v", p.Name, addr, err)
	}
	p.Addr = strings.TrimSpace(addr)
}

// Kill kills it as kill -9 does.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}
