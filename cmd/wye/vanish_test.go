package main

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/wyeproxy/wye/proxy"
)

// calm waits until nobody is there any more but keep clients, and every
// server conn is idle.
func calm(t *testing.T, server *proxy.Server, keep int) {
	t.Helper()
	var said string
	for end := time.Now().Add(generous); ; time.Sleep(5 * time.Millisecond) {
		s := server.Snapshot()
		active, waiting := 0, 0
		for _, p := range s.Pools {
			active += p.SvActive
			waiting += p.ClWaiting
		}
		if len(s.Clients) == keep && active == 0 && waiting == 0 && s.Process.LoginClients == 0 {
			if s.Process.Panics > 0 {
				t.Errorf("%d panics", s.Process.Panics)
			}
			return
		}
		said = fmt.Sprintf("%d clients, %d waiting, %d server conns active, %d logins", len(s.Clients), waiting, active, s.Process.LoginClients)
		if time.Now().After(end) {
			t.Fatal(said)
		}
	}
}

// vanishing are the moments at which a client leaves without a word.
var vanishing = map[string]func(c *rawClient){
	"idle":             func(c *rawClient) {},
	"in half a query":  func(c *rawClient) { _, _ = c.conn.Write([]byte{'Q', 0, 0, 0, 50, 's', 'e'}) },
	"in half a header": func(c *rawClient) { _, _ = c.conn.Write([]byte{'Q', 0, 0}) },
	"in a long query": func(c *rawClient) {
		_, _ = c.conn.Write([]byte("Q\x01\x00\x00\x00select '" + strings.Repeat("x", 100<<10)))
	},
	"in a long argument": func(c *rawClient) {
		c.Send(&pgproto3.Parse{Name: "s", Query: "select $1::text"})
		_ = c.Flush()
		_, _ = c.conn.Write([]byte("B\x01\x00\x00\x00\x00s\x00\x00\x00\x00\x01\x00\xf0\x00\x00" + strings.Repeat("x", 100<<10)))
	},
	"in a query": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "select pg_sleep(1003)"})
		_ = c.Flush()
	},
	"in an extended query": func(c *rawClient) {
		c.call("select pg_sleep(1003)")
		c.Send(&pgproto3.Sync{})
		_ = c.Flush()
	},
	"in a pipeline": func(c *rawClient) {
		for range 50 {
			c.call("select pg_sleep(1003)")
		}
		c.Send(&pgproto3.Sync{})
		_ = c.Flush()
	},
	"in a batch": func(c *rawClient) {
		c.call("insert into vanished values (1)")
		_ = c.Flush()
	},
	"in a flushed batch": func(c *rawClient) {
		c.call("insert into vanished values (1)")
		c.Send(&pgproto3.Flush{})
		c.expect("1 2 C")
	},
	"in a transaction": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "begin; insert into vanished values (1)"})
		c.expect("C C Z")
	},
	"in a query of a transaction": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "begin; insert into vanished values (1)"})
		c.expect("C C Z")
		c.Send(&pgproto3.Query{String: "select pg_sleep(1003)"})
		_ = c.Flush()
	},
	"in a copy": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "copy vanished from stdin"})
		c.expect("G")
		c.Send(&pgproto3.CopyData{Data: []byte("1\n2\n")})
		_ = c.Flush()
	},
	"in a row of a copy": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "copy vanished from stdin"})
		c.expect("G")
		_, _ = c.conn.Write([]byte{'d', 0, 0, 1, 0, '1', '\n', '2'})
	},
	"after a copy's data": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "copy vanished from stdin"})
		c.expect("G")
		c.Send(&pgproto3.CopyData{Data: []byte("1\n2\n")})
		c.Send(&pgproto3.Terminate{})
		_ = c.Flush()
	},
	"in a result": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "select repeat('x', 1000) from generate_series(1, 1000000)"})
		_ = c.Flush()
		c.drink(1 << 20)
	},
	"in a copy out": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"})
		_ = c.Flush()
		c.drink(1 << 20)
	},
	"pinned": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "create temp table mine (i int); select pg_advisory_lock(5); listen vanished"})
		c.expect("C T D C C Z")
	},
	"pinned for ever": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "select setseed(0.5)"})
		c.expect("T D C Z")
	},
	"in a query while pinned": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "listen vanished"})
		c.expect("C Z")
		c.Send(&pgproto3.Query{String: "select pg_sleep(1003)"})
		_ = c.Flush()
	},
	"with a good-bye in a transaction": func(c *rawClient) {
		c.Send(&pgproto3.Query{String: "begin; insert into vanished values (1)"})
		c.expect("C C Z")
		c.Send(&pgproto3.Terminate{})
		_ = c.Flush()
	},
}

// TestVanishingClients: whenever a client goes, its work stops on the server
// within a second, nothing of it is committed, and the next client gets a
// clean server conn.
func TestVanishingClients(t *testing.T) {
	c := shared(t)
	server, addr := startProxy(t, c, wyeConfig("pool: {size: 2}"))
	superuser(t, c, "create table vanished (i int); grant all on vanished to app")
	t.Cleanup(func() { superuser(t, c, "drop table vanished") })
	for name, leave := range vanishing {
		for _, rude := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, rude %v", name, rude), func(t *testing.T) {
				conn := hijack(t, dsn(addr))
				leave(conn)
				time.Sleep(20 * time.Millisecond) // for what was sent to arrive
				if tcp, ok := conn.conn.(*net.TCPConn); ok && rude {
					_ = tcp.SetLinger(0) // RST instead of FIN
				}
				began := time.Now()
				_ = conn.conn.Close()
				calm(t, server, 0)
				eventually(t, "the server has stopped", func() bool {
					return asSuperuser(t, c, "select count(*) from pg_stat_activity where usename = 'app' and (state <> 'idle' or wait_event = 'PgSleep')") == "0"
				})
				quick(t, began, prompt)
				next := connect(t, dsn(addr))
				if got := must(t, next, "select count(*) || '/' || (select count(*) from pg_locks where locktype = 'advisory') || '/' || (select count(*) from pg_listening_channels()) from vanished"); got != "0/0/0" {
					t.Errorf("rows/locks/channels: %s", got)
				}
				must(t, next, "begin; create temp table mine (i int) on commit drop; commit")
				_ = next.Close(t.Context())
			})
		}
	}
}

// TestVanishingInALongPipeline: wye does not wait for what the server has in
// its socket and carries out in any case, as it would without wye.
func TestVanishingInALongPipeline(t *testing.T) {
	c := shared(t)
	server, addr := startProxy(t, c, wyeConfig("pool: {size: 2}"))
	for _, extended := range []bool{false, true} {
		conn := hijack(t, dsn(addr))
		for range 50 {
			if extended {
				conn.call("select pg_sleep(1004)")
				conn.Send(&pgproto3.Sync{})
			} else {
				conn.Send(&pgproto3.Query{String: "select pg_sleep(1004)"})
			}
		}
		_ = conn.Flush()
		time.Sleep(50 * time.Millisecond)
		began := time.Now()
		_ = conn.conn.Close()
		calm(t, server, 0)
		quick(t, began, prompt)
	}
	superuser(t, c, "select pg_terminate_backend(pid, 5000) from pg_stat_activity where query = 'select pg_sleep(1004)' and state = 'active'")
}

// TestVanishingInTheQueue: a client that waits for a server conn and leaves
// does not get one.
func TestVanishingInTheQueue(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 1}"))
	holder := connect(t, dsn(addr))
	must(t, holder, beginHere)
	var waiting []*rawClient
	for range 10 {
		c := hijack(t, dsn(addr))
		c.Send(&pgproto3.Query{String: "create table should_not_be (i int)"})
		_ = c.Flush()
		waiting = append(waiting, c)
	}
	eventually(t, "ten wait", func() bool { return server.Snapshot().Pools[0].ClWaiting == 10 })
	for _, c := range waiting {
		_ = c.conn.Close()
	}
	eventually(t, "nobody waits", func() bool { return server.Snapshot().Pools[0].ClWaiting == 0 })
	must(t, holder, "commit")
	calm(t, server, 1)
	if got := must(t, holder, "select to_regclass('should_not_be') is null"); got != "t" {
		t.Error("a client that had left was served")
	}
}
