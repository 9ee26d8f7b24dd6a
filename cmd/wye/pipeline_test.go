package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// overLines runs a test over plain TCP and over TLS: they are different code
// below.
func overLines(t *testing.T, cluster string, test func(t *testing.T, dsn string)) {
	a := newAuthority(t)
	cert, key := a.issue("server", "127.0.0.1")
	server, addr := startProxy(t, shared(t), wyeConfig(cluster, `
tls:
  own: {cert: `+cert+`, key: `+key+`}
listeners:
  - {name: plain, bind: "127.0.0.1:0"}
  - {name: tls, bind: "127.0.0.1:0", tls: {use: own}}
`))
	secure := strings.Replace(dsn(server.Addrs()[1].String()), "sslmode=disable", "sslmode=verify-full sslrootcert="+a.file, 1)
	t.Run("plain", func(t *testing.T) { test(t, dsn(addr)) })
	t.Run("tls", func(t *testing.T) { test(t, secure) })
}

// pipelined counts what comes back, until the n-th ReadyForQuery.
func (c *rawClient) pipelined(n int) map[string]int {
	c.t.Helper()
	got := map[string]int{}
	_ = c.conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	for got["Z"] < n {
		letter := c.receive()
		if letter == "" {
			c.t.Fatalf("the connection ended after %v", got)
		}
		got[letter]++
	}
	return got
}

func (c *rawClient) call(sql string, args ...string) {
	c.Send(&pgproto3.Parse{Query: sql})
	bind := &pgproto3.Bind{}
	for _, a := range args {
		bind.Parameters = append(bind.Parameters, []byte(a))
	}
	c.Send(bind)
	c.Send(&pgproto3.Execute{})
}

// TestPipelineReadAtTheEnd: the client reads nothing until it has sent all of
// it; only the kernel's buffers stand between.
func TestPipelineReadAtTheEnd(t *testing.T) {
	overLines(t, "pool: {size: 2}", func(t *testing.T, dsn string) {
		const n = 10000
		conn := hijack(t, dsn)
		for i := range n {
			conn.call("select repeat('x', 300) || $1", strconv.Itoa(i))
		}
		conn.Send(&pgproto3.Sync{})
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		got := conn.pipelined(1)
		if got["1"] != n || got["2"] != n || got["D"] != n || got["C"] != n || got["E"] != 0 {
			t.Errorf("got %v", got)
		}
		for range n {
			conn.Send(&pgproto3.Query{String: "select repeat('x', 300)"})
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := conn.pipelined(n); got["D"] != n || got["C"] != n {
			t.Errorf("got %v", got)
		}
	})
}

// TestPipelineBothDirectionsFull: more than any buffer holds goes both ways at
// the same time.
func TestPipelineBothDirectionsFull(t *testing.T) {
	overLines(t, "pool: {size: 2}", func(t *testing.T, dsn string) {
		const n, size = 600, 60 << 10
		conn, bystander := hijack(t, dsn), connect(t, dsn)
		arg := strings.Repeat("y", size)
		sent := make(chan error, 1)
		go func() {
			var err error
			for i := 0; i < n && err == nil; i++ {
				conn.call("select $1::text", arg+strconv.Itoa(i))
				err = conn.Flush()
			}
			conn.Send(&pgproto3.Sync{})
			if err == nil {
				err = conn.Flush()
			}
			sent <- err
		}()
		time.Sleep(300 * time.Millisecond) // all buffers fill up
		must(t, bystander, "select 1")
		row := 0
		for letter := ""; letter != "Z"; {
			if letter = conn.receive(); letter == "" || letter == "E" {
				t.Fatalf("after %d rows: %q %v", row, letter, conn.err)
			}
			if d, ok := conn.last.(*pgproto3.DataRow); ok {
				if want := arg + strconv.Itoa(row); string(d.Values[0]) != want {
					t.Fatalf("row %d is another's", row)
				}
				row++
			}
		}
		if err := <-sent; err != nil || row != n {
			t.Errorf("%d rows, %v", row, err)
		}
	})
}

// TestPipelineOfManyStatements uses more named statements in one batch than a
// server conn keeps, and an error in the middle.
func TestPipelineOfManyStatements(t *testing.T) {
	overLines(t, "pool: {size: 1, prepared: 5}", func(t *testing.T, dsn string) {
		conn := hijack(t, dsn)
		const n = 200
		for round := range 3 {
			for i := range n {
				name := fmt.Sprintf("s%d", i)
				if round == 0 {
					conn.Send(&pgproto3.Parse{Name: name, Query: fmt.Sprintf("select %d + $1::int", i)})
				}
				conn.Send(&pgproto3.Bind{PreparedStatement: name, Parameters: [][]byte{[]byte("1000")}})
				conn.Send(&pgproto3.Describe{ObjectType: 'P'})
				conn.Send(&pgproto3.Execute{})
			}
			conn.Send(&pgproto3.Sync{})
			if err := conn.Flush(); err != nil {
				t.Fatal(err)
			}
			next := 1000
			for letter := ""; letter != "Z"; {
				if letter = conn.receive(); letter == "" || letter == "E" {
					t.Fatalf("round %d: %q %+v", round, letter, conn.err)
				}
				if d, ok := conn.last.(*pgproto3.DataRow); ok {
					if string(d.Values[0]) != strconv.Itoa(next) {
						t.Fatalf("got %s, want %d", d.Values[0], next)
					}
					next++
				}
			}
			if next != 1000+n {
				t.Errorf("%d rows", next-1000)
			}
		}
	})
}

// TestPipelineOverSyncs: each Sync is a transaction of its own, and an error
// skips to the next one.
func TestPipelineOverSyncs(t *testing.T) {
	overLines(t, "pool: {size: 1}", func(t *testing.T, dsn string) {
		conn := hijack(t, dsn)
		setUp := connect(t, dsn)
		must(t, setUp, "create table over_syncs (i int primary key)")
		defer must(t, setUp, "drop table over_syncs")
		const n = 500
		for i := range n {
			conn.call("insert into over_syncs values ($1)", strconv.Itoa(i))
			if i%10 == 5 {
				conn.call("insert into over_syncs values ($1)", strconv.Itoa(i)) // again: 23505
				conn.call("insert into over_syncs values ($1)", strconv.Itoa(i+100000))
			}
			conn.Send(&pgproto3.Sync{})
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		got := conn.pipelined(n)
		if got["E"] != n/10 || got["C"] != n {
			t.Errorf("got %v", got)
		}
		if rows := must(t, setUp, "select count(*) from over_syncs"); rows != strconv.Itoa(n-n/10) {
			t.Errorf("%s rows were committed", rows)
		}
		// Flush brings answers before the Sync, and does not end the transaction.
		conn.call("insert into over_syncs values (1000001)")
		conn.Send(&pgproto3.Flush{})
		conn.expect("1 2 C")
		conn.call("select nonsense")
		conn.Send(&pgproto3.Sync{})
		conn.expect("E Z")
		conn.Send(&pgproto3.Query{String: "select count(*) from over_syncs where i = 1000001"})
		conn.expect("T D C Z")
	})
}

// TestPipelineAcrossStateChanges: settings in a pipeline hold from where they
// stand.
func TestPipelineAcrossStateChanges(t *testing.T) {
	overLines(t, "pool: {size: 1}", func(t *testing.T, dsn string) {
		conn, other := hijack(t, dsn), connect(t, dsn)
		const n = 100
		for i := range n {
			conn.Send(&pgproto3.Query{String: fmt.Sprintf("set work_mem = '%dkB'", 1001+2*i)})
			conn.Send(&pgproto3.Query{String: "show work_mem"})
			conn.call(fmt.Sprintf("set application_name = 'n%d'", i))
			conn.call("select current_setting('application_name')")
			conn.Send(&pgproto3.Sync{})
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for z := 0; z < 3*n; {
			switch letter := conn.receive(); letter {
			case "", "E":
				t.Fatalf("%q %+v", letter, conn.err)
			case "Z":
				z++
			case "D":
				rows = append(rows, string(conn.last.(*pgproto3.DataRow).Values[0]))
			}
		}
		for i := range n {
			if a, b := rows[2*i], rows[2*i+1]; a != fmt.Sprintf("%dkB", 1001+2*i) || b != fmt.Sprintf("n%d", i) {
				t.Fatalf("step %d: %s, %s", i, a, b)
			}
		}
		if got := must(t, other, "show work_mem"); got != "4MB" {
			t.Errorf("the other client's work_mem is %s", got)
		}
	})
}
