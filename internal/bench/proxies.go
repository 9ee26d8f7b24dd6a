//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/wyeproxy/wye/internal/bench/load"
)

// Targets by name.
const (
	direct       = "direct"
	bouncer      = "pgbouncer"
	wye          = "wye"
	wyeSplit     = "wye-split"      // with a replica to read from; canned server only
	wyeCache     = "wye-cache"      // with a cache whose rule fits the SELECT
	wyeCacheIdle = "wye-cache-idle" // with a cache whose rule fits nothing
	wyeShard     = "wye-shard"      // two shards, the SELECT's table by its key; canned server only
)

// poolSize is each proxy's, and maxProxyClients more than we ever open.
const (
	poolSize        = 20
	maxProxyClients = 12_000
)

// proxy starts one by name and returns when it lets clients in. cpu is where
// it is to stand; negative is anywhere.
func (s *stage) proxy(ctx context.Context, name string, secure bool, cpu int) (*child, load.Target, error) {
	port, err := freePort()
	if err != nil {
		return nil, load.Target{}, err
	}
	s.runs++
	r := recipe{name: name, cpu: cpu, log: s.path(fmt.Sprintf("%s-%d.log", name, s.runs))}
	t := s.target(fmt.Sprintf("127.0.0.1:%d", port))
	if secure {
		t.TLS = &tls.Config{RootCAs: s.cert, ServerName: "127.0.0.1"}
	}
	switch name {
	case wye:
		err = s.furnishWye(&r, port, secure, "", s.server)
	case wyeCache:
		err = s.furnishWye(&r, port, secure, ", cache: {rules: {accounts: {tables: [pgbench_accounts], ttl: 1h}}}", s.server)
	case wyeCacheIdle:
		err = s.furnishWye(&r, port, secure, ", cache: {rules: {none: {tables: [pgbench_none], ttl: 1h}}}", s.server)
	case wyeSplit:
		err = s.furnishWye(&r, port, secure, "", s.server, s.replica)
	case wyeShard:
		err = s.furnishWye(&r, port, secure, "")
	default:
		err = s.furnishBouncer(&r, port, secure)
	}
	if err != nil {
		return nil, t, err
	}
	c, err := r.start()
	if err != nil {
		return nil, t, err
	}
	if err := c.ready(ctx, t); err != nil {
		c.stop()
		return nil, t, err
	}
	return c, t, nil
}

// furnishWye writes a file for wye. With several nodes it reads from those that
// are replicas, by default; with none it has the shards. more is more of the
// cluster's settings.
func (s *stage) furnishWye(r *recipe, port int, secure bool, more string, nodes ...string) error {
	tlsSection, tlsUse := "", ""
	if secure {
		tlsSection = fmt.Sprintf("tls:\n  bench: {cert: %q, key: %q}\n", s.path("tls.crt"), s.path("tls.key"))
		tlsUse = ", tls: {use: bench}"
	}
	config := fmt.Sprintf(`process: {max_clients: %d, log: {level: warn}}
%susers:
  - {name: %s, password: %q}
listeners:
  - {name: main, bind: "127.0.0.1:%d", auth: scram%s}
clusters:
  %s: {%s, backend: {tls: {mode: disable}}, pool: {mode: transaction, size: %d}%s}
`, maxProxyClients, tlsSection, s.user, s.verifier, port, tlsUse, s.database, s.servers(nodes), poolSize, more)
	file := s.path(fmt.Sprintf("wye-%d.yaml", s.runs))
	r.argv, r.quit = []string{s.options.wye, "run", file}, syscall.SIGQUIT
	r.env = []string{"GODEBUG=gctrace=1"} // collections are counted in the log
	return os.WriteFile(file, []byte(config), 0o600)
}

// servers are the cluster's nodes, or its shards, as the file has them.
func (s *stage) servers(nodes []string) string {
	if len(nodes) > 0 {
		return `nodes: ["` + strings.Join(nodes, `", "`) + `"]`
	}
	return fmt.Sprintf(`shards: [{name: s0, nodes: [%q]}, {name: s1, nodes: [%q]}], maps: {by_aid: {kind: consistent_hash, type: int4}},
    tables: {pgbench_accounts: {map: by_aid, key: aid}}, multi_shard_write: refuse, health: {user: %s, password: %q}`, s.server, s.shard, s.user, s.password)
}

// furnishBouncer writes what wye's file says in PgBouncer's words; all else is
// its default.
func (s *stage) furnishBouncer(r *recipe, port int, secure bool) error {
	users := fmt.Sprintf("%q %q\n", s.user, s.verifier)
	host, serverPort, err := net.SplitHostPort(s.server)
	if err != nil {
		return err
	}
	tlsLines := ""
	if secure {
		tlsLines = fmt.Sprintf("client_tls_sslmode = require\nclient_tls_cert_file = %s\nclient_tls_key_file = %s\n", s.path("tls.crt"), s.path("tls.key"))
	}
	if s.followsPrepared() {
		tlsLines += "max_prepared_statements = 200\n"
	}
	config := fmt.Sprintf(`[databases]
%s = host=%s port=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = %d
max_client_conn = %d
server_tls_sslmode = disable
log_connections = 0
log_disconnections = 0
%s`, s.database, host, serverPort, port, s.path("users.txt"), poolSize, maxProxyClients, tlsLines)
	file := fmt.Sprintf("pgbouncer-%d.ini", s.runs)
	if r.who, err = unprivileged(); err != nil {
		return err
	}
	r.argv, r.quit = []string{s.options.bouncer, s.path(file)}, syscall.SIGTERM
	return errors.Join(s.private("users.txt", []byte(users)), s.private(file, []byte(config)))
}

// followsPrepared tells whether this PgBouncer knows prepared statements in
// transaction mode: since 1.21 (its changelog).
func (s *stage) followsPrepared() bool {
	var major, minor int
	_, err := fmt.Sscanf(s.version, "%d.%d", &major, &minor)
	return err == nil && (major > 1 || minor >= 21)
}

// findBouncer completes the program's path and asks for its version.
func findBouncer(path string) (program, version string, err error) {
	if path == "" {
		for _, p := range []string{"pgbouncer", "/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer"} {
			if path, err = exec.LookPath(p); err == nil {
				break
			}
		}
	}
	if path == "" {
		return "", "", errors.New("pgbouncer was not found: apt-get install pgbouncer, or PGBOUNCER=/path/to/it, or TARGETS=direct,wye to go on without")
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", "", fmt.Errorf("ask %s for its version: %w", path, err)
	}
	words := strings.Fields(string(out))
	if len(words) < 2 || words[0] != "PgBouncer" {
		return "", "", fmt.Errorf("%s is no PgBouncer: %.60q", path, out)
	}
	return path, words[1], nil
}
