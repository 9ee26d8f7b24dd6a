//go:build linux

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rounds, and how long each proxy is loaded in each.
const (
	rounds    = 5
	load      = "4s"
	wrkConns  = "64"
	idleConns = 1000
)

// proxy is one of those that are compared.
type proxy struct {
	name string
	cmd  *exec.Cmd
	addr string
	cost []float64 // CPU us per request, by round
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "l7:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: l7 path/to/wye")
	}
	dir, err := os.MkdirTemp("", "wye-l7-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	origin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = http.Serve(origin, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 63))
		}))
	}()
	ps, err := startAll(dir, os.Args[1], origin.Addr().String())
	defer func() {
		for _, p := range ps {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	}()
	if err != nil {
		return err
	}
	for round := range rounds {
		for i := range ps {
			p := ps[(i+round)%len(ps)]
			if err := p.measure(); err != nil {
				return err
			}
		}
	}
	report(ps)
	return nil
}

func report(ps []*proxy) {
	fmt.Printf("%-8s %28s %16s %18s\n", "proxy", "CPU us/request med (min..max)", "of nginx's", "idle KiB/conn")
	base := median(ps[1].cost)
	for _, p := range ps {
		m := median(p.cost)
		idle, err := p.idle()
		text := fmt.Sprintf("%.1f", idle)
		if err != nil {
			text = err.Error()
		}
		fmt.Printf("%-8s %10.1f (%.1f..%.1f) %16.2f %18s\n", p.name, m, slices.Min(p.cost), slices.Max(p.cost), m/base, text)
	}
}

// startAll starts wye, nginx and haproxy, in this order.
func startAll(dir, wye, origin string) (ps []*proxy, err error) {
	for i, c := range []struct {
		name, config string
		args         func(file string) []string
	}{
		{wye, "process: {max_clients: 5000}\nlisteners: [{name: web, kind: http, bind: \"ADDR\", pool: web}]\npools: {web: {kind: http, servers: [\"ORIGIN\"]}}\n",
			func(f string) []string { return []string{"run", f} }},
		{"nginx", "daemon off; master_process off; pid DIR/nginx.pid; error_log /dev/null; events {worker_connections 4096;}\n" +
			"http { access_log off; keepalive_requests 1000000000; upstream o { server ORIGIN; keepalive 256; }\n" +
			"server { listen ADDR; location / { proxy_pass http://o; proxy_http_version 1.1; proxy_set_header Connection \"\"; } } }\n",
			func(f string) []string { return []string{"-p", dir, "-c", f} }},
		{"haproxy", "global\n maxconn 5000\n nbthread 2\ndefaults\n mode http\n timeout client 60s\n timeout server 60s\n timeout connect 5s\n http-reuse always\n" +
			"frontend f\n bind ADDR\n default_backend b\nbackend b\n server o ORIGIN\n",
			func(f string) []string { return []string{"-f", f} }},
	} {
		addr, err := freeAddr()
		if err != nil {
			return ps, err
		}
		name, file := c.name, filepath.Join(dir, c.name+".conf")
		if i == 0 {
			name, file = "wye", filepath.Join(dir, "wye.yaml")
		}
		text := strings.NewReplacer("ADDR", addr, "ORIGIN", origin, "DIR", dir).Replace(c.config)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return ps, err
		}
		p := &proxy{name: name, addr: addr, cmd: exec.Command(c.name, c.args(file)...)}
		p.cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin")
		if i != 0 { // not in everybody's PATH
			p.cmd.Path = "/usr/sbin/" + name
			p.cmd.Err = nil
		}
		if err := p.cmd.Start(); err != nil {
			return ps, err
		}
		ps = append(ps, p)
		if err := p.ready(); err != nil {
			return ps, err
		}
	}
	return ps, nil
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (p *proxy) ready() error {
	var err error
	for range 200 {
		var res *http.Response
		if res, err = http.Get("http://" + p.addr + "/"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == 200 {
				return nil
			}
			err = fmt.Errorf("%s", res.Status)
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("%s does not serve: %w", p.name, err)
}

var requests = regexp.MustCompile(`(\d+) requests in`)

func (p *proxy) measure() error {
	before, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	out, err := exec.Command("wrk", "-t1", "-c"+wrkConns, "-d"+load, "http://"+p.addr+"/").CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w: %s", err, out)
	}
	after, err := cpu(p.cmd.Process.Pid)
	if err != nil {
		return err
	}
	m := requests.FindSubmatch(out)
	if m == nil || strings.Contains(string(out), "Non-2xx") {
		return fmt.Errorf("wrk of %s says: %s", p.name, out)
	}
	n, _ := strconv.Atoi(string(m[1]))
	p.cost = append(p.cost, float64((after-before).Microseconds())/float64(n))
	return nil
}

// cpu is what the kernel has counted for a process, user and system.
func cpu(pid int) (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond, nil // USER_HZ is 100
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

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}
