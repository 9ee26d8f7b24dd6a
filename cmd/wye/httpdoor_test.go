package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// heard is what a client hears that comes by way of a balancer, "" if nothing.
func heard(t *testing.T, addr, client string) (net.Conn, string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if client != "" {
		fmt.Fprintf(c, "PROXY TCP4 %s 192.0.2.9 4711 80\r\n", client)
	}
	fmt.Fprintf(c, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c, ""
	}
	b, _ := io.ReadAll(res.Body)
	return c, fmt.Sprint(res.StatusCode, " ", string(b))
}

// TestHTTPAcceptProxy: accept_proxy and per_ip reach HTTP listeners, and a
// reload changes them.
func TestHTTPAcceptProxy(t *testing.T) {
	log := t.TempDir() + "/access.log"
	more := ", http: {access_log: " + log + ", access_format: combined}"
	servers, cfg := httpPool(t, more+", accept_proxy: [\"127.0.0.0/8\"], per_ip: {max: 1}")
	p := startProcess(t, nil, cfg)
	inside, said := heard(t, p.addr(), "198.51.100.7")
	if !strings.HasPrefix(said, "200 ") {
		t.Fatalf("heard %q", said)
	}
	if _, said := heard(t, p.addr(), "198.51.100.7"); said != "" {
		t.Errorf("a second conn of one client, which may have one, heard %q", said)
	}
	if _, said := heard(t, p.addr(), "198.51.100.8"); !strings.HasPrefix(said, "200 ") {
		t.Errorf("another client heard %q", said)
	}
	if _, said := heard(t, p.addr(), ""); said != "" {
		t.Errorf("a balancer that says nothing of its client heard %q", said)
	}
	eventually(t, "the log has the client", func() bool {
		b, _ := os.ReadFile(log)
		return strings.HasPrefix(string(b), "198.51.100.7 ") && strings.Contains(string(b), "\n198.51.100.8 ")
	})
	p.reload(nil, httpConfig(servers, more), true)
	fmt.Fprintf(inside, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
	if res, err := http.ReadResponse(bufio.NewReader(inside), nil); err != nil || res.StatusCode != 200 {
		t.Errorf("who was inside before the reload: %v, %v", res, err)
	}
	for range 3 {
		if _, said := heard(t, p.addr(), ""); !strings.HasPrefix(said, "200 ") {
			t.Errorf("after the reload heard %q", said)
		}
	}
}
