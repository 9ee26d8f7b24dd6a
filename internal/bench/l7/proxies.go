//go:build linux

package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// proxy is one of those that are compared.
type proxy struct {
	name string
	cmd  *exec.Cmd
	addr string
	cost []float64 // CPU us per request, by round
	rate []float64 // requests a second at full load, by round
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

// startOrigin starts an nginx that answers by itself, on one CPU.
func startOrigin(dir string, cpu int) (*proxy, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "origin.conf")
	text := fmt.Sprintf("daemon off; master_process off; pid %s/origin.pid; error_log /dev/null; events {worker_connections 4096;}\n"+
		"http { access_log off; keepalive_requests 1000000000; server { listen %s; location / { return 200 %q; } } }\n", dir, addr, strings.Repeat("x", 63))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p := &proxy{name: "origin", addr: addr, cmd: exec.Command("/usr/bin/taskset", "-c", strconv.Itoa(cpu), "/usr/sbin/nginx", "-p", dir, "-c", file)}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	return p, p.ready()
}

func endAll(ps []*proxy) {
	for _, p := range ps {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	}
}
