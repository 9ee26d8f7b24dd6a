package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// outcome is what a client sees of a statement: its first value or its error.
func outcome(rows [][]string, err error) string {
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		return e.Code
	case err != nil:
		return "broken: " + err.Error()
	case len(rows) == 0 || len(rows[0]) == 0:
		return ""
	}
	return rows[0][0]
}

// TestDeepStatements: pg_query overflows the C stack on long operator chains,
// which nothing can catch. PostgreSQL's own answer must come through, and the
// process live.
func TestDeepStatements(t *testing.T) {
	c := shared(t)
	p := startProcess(t, c, wyeConfig("pool: {size: 2}"))
	through := connect(t, dsn(p.addr()))
	direct := connect(t, c.Primary.URL("app", "app"))
	for name, sql := range map[string]string{
		"sum of 60 KB":        "select 1" + strings.Repeat("+1", 30000),
		"sum of 1 MB":         "select 1" + strings.Repeat("+1", 500000),
		"sum of 16 KB":        "select 1" + strings.Repeat("+1", 8100),
		"or of 60 KB":         "select 1 where true" + strings.Repeat(" or true", 7500),
		"parentheses":         "select " + strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000),
		"parentheses of 1 MB": "select " + strings.Repeat("(", 500000) + "1" + strings.Repeat(")", 500000),
		"casts":               "select 1" + strings.Repeat("::int", 50000),
		"unions":              "select 1" + strings.Repeat(" union all select 1", 1000),
		"nested selects":      strings.Repeat("select (", 5000) + "select 1" + strings.Repeat(")", 5000),
		"minus":               "select " + strings.Repeat("- ", 60000) + "1",
		"nots":                "select " + strings.Repeat("not ", 60000) + "true",
		"comments":            strings.Repeat("/*", 2000) + strings.Repeat("*/", 2000) + " select 7",
		"open comment":        "select 1 /* " + strings.Repeat("x", 200000),
		"open quote":          "select '" + strings.Repeat("x", 100000),
		"dollar quotes":       "select " + strings.Repeat("$a$ $b$ ", 20000),
		"semicolons":          strings.Repeat(";", 200000) + "select 8",
		"many statements":     strings.Repeat("select 1;", 20000),
		"long name":           `select 1 as "` + strings.Repeat("n", 500000) + `"`,
		"list":                "select 1 where 1 in (0" + strings.Repeat(",0", 40000) + ")",
		"set":                 "set work_mem = '" + strings.Repeat("9", 100000) + "'",
		"prepare":             "prepare deep as select 1" + strings.Repeat("+1", 30000),
		"not UTF-8":           "select '\xff\xfe" + strings.Repeat("\xc0", 1000) + "'",
		"arrays":              "select " + strings.Repeat("array[", 5000) + "1" + strings.Repeat("]", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			want, got := outcome(run(direct, sql)), outcome(run(through, sql))
			if got != want {
				t.Errorf("simple: got %s, PostgreSQL says %s", got, want)
			}
			extended := func(conn *pgconn.PgConn) string {
				res := conn.ExecParams(soon(t, 20*time.Second), sql, nil, nil, nil, nil).Read()
				if res.Err != nil || len(res.Rows) == 0 {
					return outcome(nil, res.Err)
				}
				return string(res.Rows[0][0])
			}
			want, got = extended(direct), extended(through)
			if got != want {
				t.Errorf("extended: got %s, PostgreSQL says %s", got, want)
			}
			named := func(conn *pgconn.PgConn) string {
				_, err := conn.Prepare(soon(t, 20*time.Second), "deep_named", sql, nil)
				if err == nil {
					err = conn.Deallocate(soon(t, 20*time.Second), "deep_named")
				}
				return outcome(nil, err)
			}
			want, got = named(direct), named(through)
			if got != want {
				t.Errorf("named: got %s, PostgreSQL says %s", got, want)
			}
			must(t, through, "select 1")
			must(t, direct, "select 1")
		})
	}
	p.signal(0)
}

// TestGarbageFromClients: whatever bytes come, before or after the login, the
// process lives and others are served.
func TestGarbageFromClients(t *testing.T) {
	server, addr := startProxy(t, shared(t), wyeConfig("pool: {size: 2}"))
	bystander := connect(t, dsn(addr))
	for i, bytes := range []string{
		"", "\x00", "\x00\x00\x00\x00", "\x00\x00\x00\x08\x00\x03\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff",
		"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01", strings.Repeat("\x00", 70000),
		"\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x00\x01\x00\x00\x00\x00", // cancel of nobody
	} {
		c := knock(t, addr)
		_, _ = c.Write([]byte(bytes))
		_ = c.Close()
		must(t, bystander, fmt.Sprintf("select %d", i))
	}
	for i, bytes := range []string{
		"\x00\x00\x00\x00\x00", "Q\x00\x00\x00\x00", "Q\x00\x00\x00\x03", "Q\xff\xff\xff\xff", "Q\x7f\xff\xff\xff" + strings.Repeat("x", 100000),
		"Q\x00\x00\x00\x04", "Q\x00\x00\x00\x05\x00", "Q\x00\x00\x00\x08a\x00b\x00", "P\x00\x00\x00\x04", "P\x00\x00\x00\x06\x00\x00", "P\x00\x00\x00\x08\x00\x00\xff\xff",
		"B\x00\x00\x00\x04", "B\x00\x00\x00\x0a\x00\x00\xff\xff\xff\xff", "B\x00\x00\x00\x10\x00\x00\x00\x00\x00\x01\x7f\xff\xff\xff\x00\x00",
		"D\x00\x00\x00\x04", "D\x00\x00\x00\x06X\x00", "E\x00\x00\x00\x04", "E\x00\x00\x00\x09\x00\xff\xff\xff\xff", "C\x00\x00\x00\x04", "C\x00\x00\x00\x05S", "C\x00\x00\x00\x06S\x00",
		"S\x00\x00\x00\x08zzzz", "H\x00\x00\x00\x08zzzz", "F\x00\x00\x00\x04", "F\x00\x00\x00\x08\xff\xff\xff\xff", "d\x00\x00\x00\x04", "c\x00\x00\x00\x04", "f\x00\x00\x00\x04", "p\x00\x00\x00\x04",
		"X\x00\x00\x00\xff", "Z\x00\x00\x00\x05I", "R\x00\x00\x00\x08\x00\x00\x00\x00", strings.Repeat("S\x00\x00\x00\x04", 50000), strings.Repeat("H\x00\x00\x00\x04", 50000),
		strings.Repeat("D\x00\x00\x00\x06S\x00", 10000), strings.Repeat("C\x00\x00\x00\x07Sx\x00", 20000), "P\x00\x00\x00\x08\x00\x00\x00\x00" + strings.Repeat("E\x00\x00\x00\x09\x00\x00\x00\x00\x00", 10000),
	} {
		c := hijack(t, dsn(addr))
		_ = c.conn.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.conn.Write([]byte(bytes))
		_, _ = c.conn.Write([]byte("S\x00\x00\x00\x04"))
		_ = c.conn.Close()
		must(t, bystander, fmt.Sprintf("select %d", i))
	}
	calm(t, server, 1)
}

// TestHostileServer: what a server says is not believed either.
func TestHostileServer(t *testing.T) {
	for name, bytes := range map[string]string{
		"error without a code":     "E\x00\x00\x00\x05\x00",
		"error without an end":     "E\x00\x00\x00\x08SERR",
		"an answer out of turn":    "1\x00\x00\x00\x04",
		"ready twice":              "Z\x00\x00\x00\x05IZ\x00\x00\x00\x05I",
		"ready of no kind":         "Z\x00\x00\x00\x04",
		"a short length":           "D\x00\x00\x00\x01",
		"a negative length":        "D\xff\xff\xff\xff",
		"unknown type":             "\x00\x00\x00\x00\x04",
		"copy both":                "W\x00\x00\x00\x07\x00\x00\x00",
		"copy in":                  "G\x00\x00\x00\x07\x00\x00\x00",
		"a parameter without end":  "S\x00\x00\x00\x07abc",
		"authentication, again":    "R\x00\x00\x00\x08\x00\x00\x00\x03",
		"row of a gigabyte":        "D\x3f\xff\xff\xff\x00\x01",
		"complete without content": "C\x00\x00\x00\x04",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := fakeServer(t, func(b *pgproto3.Backend, conn net.Conn, sql string) bool {
				if sql == "select 'normal'" {
					b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")})
					b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
					return true
				}
				_, _ = conn.Write([]byte(bytes))
				return false
			})
			server, addr := startProxy(t, shared(t), strings.ReplaceAll(wyeConfig("pool: {size: 2}"), "{server}", fake))
			other := connect(t, dsn(addr))
			must(t, other, "select 'normal'")
			c := hijack(t, dsn(addr))
			c.Send(&pgproto3.Query{String: "select 1"})
			_ = c.Flush()
			_ = c.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
			for letter := "?"; letter != "" && letter != "Z"; letter = c.receive() {
			}
			_ = c.conn.Close()
			must(t, other, "select 'normal'")
			calm(t, server, 1)
		})
	}
}
