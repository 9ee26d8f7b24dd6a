package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
)

const unixPrefix = "unix:"

// socketPrefix begins the name of PostgreSQL's unix sockets (UNIXSOCK_PATH).
const socketPrefix = ".s.PGSQL."

// Network returns what net.Dial takes for the node: "tcp" and host:port, or
// "unix" and the path of the socket.
func (n Node) Network() (network, address string) {
	path, unix := strings.CutPrefix(n.Addr, unixPrefix)
	switch {
	case !unix:
		return "tcp", n.Addr
	case strings.HasPrefix(filepath.Base(path), socketPrefix):
		return "unix", path
	}
	return "unix", filepath.Join(path, socketPrefix+"5432")
}

// Network returns what net.Listen takes for the listener: "tcp" and host:port,
// or "unix" and the path of the socket.
func (l *Listener) Network() (network, address string) {
	if path, unix := strings.CutPrefix(l.Bind, unixPrefix); unix {
		return "unix", path
	}
	return "tcp", l.Bind
}

// localOnly tells whether only this machine reaches the address.
func localOnly(addr string) bool {
	if strings.HasPrefix(addr, unixPrefix) {
		return true
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// badAddr says what is wrong with an address, or "". Only a bind may leave the
// host out (all addresses) or ask for port 0 (one the kernel chooses), and
// only a node may name a folder for its socket. The answer does not quote the
// address, which may be secret.
func badAddr(addr string, bind bool) string {
	if path, unix := strings.CutPrefix(addr, unixPrefix); unix {
		return badSocket(path, bind)
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return `is not an address; write "host:port", "[ipv6]:port" or "unix:/path"`
	}
	if host == "" && !bind {
		return `has no host; write "host:port"`
	}
	if len(host) > 253 || strings.ContainsAny(host, "/ @\t\x00") {
		return `has a host that is no host name; write "host:port"`
	}
	least := 1
	if bind {
		least = 0
	}
	if n, err := strconv.Atoi(port); err != nil || n < least || n > 65535 || port[0] == '+' {
		return "has no port between " + strconv.Itoa(least) + ` and 65535; write "host:port"`
	}
	return ""
}

// badSocket is badAddr for what follows "unix:". 107 bytes is the most that
// Linux takes (sun_path, less the closing zero byte).
func badSocket(path string, bind bool) string {
	switch {
	case !filepath.IsAbs(path):
		return `has no absolute path; write "unix:/path"`
	case len(path) > 107 || strings.ContainsRune(path, 0):
		return "has a path longer than the 107 bytes a socket may have"
	case bind && (strings.HasSuffix(path, "/") || !strings.HasPrefix(filepath.Base(path), socketPrefix)):
		return `must name the socket itself, as clients look for it: "unix:/dir/.s.PGSQL.6432"`
	}
	return ""
}
