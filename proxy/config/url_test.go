package config

import (
	"fmt"
	"strings"
	"testing"
)

// urlCases are URLs with what becomes of them: a line of what the URL decides,
// or the problems.
var urlCases = []struct{ url, want string }{
	{"postgres://app:hunter2@db1/shop", "app@shop shop [db1:5432] prefer size=20 warned"},
	{"postgresql://app:hunter2@h1:5433,h2,[::1]:7,[fd00::2]/db?sslmode=disable", "app@db db [h1:5433, h2:5432, [::1]:7, [fd00::2]:5432] disable size=20"},
	{"postgres://app:hunter2@127.0.0.1/shop", "app@shop shop [127.0.0.1:5432] prefer size=20"},
	{"postgres://app:hunter2@h/db?sslmode=allow", "app@db db [h:5432] prefer size=20"},
	{"postgres://app:hunter2@h/db?sslmode=require", "app@db db [h:5432] require size=20"},
	{"postgres://app:hunter2@h/db?sslmode=require&sslrootcert=/ca", "app@db db [h:5432] verify-ca size=20"},
	{"postgres://app:hunter2@h/db?sslrootcert=/ca", "app@db db [h:5432] verify-full size=20"},
	{"postgres://app:hunter2@h/db?sslrootcert=system", "app@db db [h:5432] verify-full size=20"},
	{"postgres://app:hunter2@h/db?sslmode=verify-full&pool_size=7&pool_mode=session", "app@db db [h:5432] verify-full size=7"},
	{"postgres://app:hunter2@h/db?sslnegotiation=direct", "app@db db [h:5432] require size=20"},
	{"postgres://app:hunter2@h?sslmode=disable", "app@app app [h:5432] disable size=20"},
	{"postgres://app:hunter2@h/?sslmode=disable", "app@app app [h:5432] disable size=20"},
	{"postgres://app:hunter2@/db?host=/run/postgresql&port=5433", "app@db db [unix:/run/postgresql/.s.PGSQL.5433] prefer size=20"},
	{"postgres://app:hunter2@%2Frun%2Fpostgresql/db", "app@db db [unix:/run/postgresql/.s.PGSQL.5432] prefer size=20"},
	{"postgres:///db?user=app&password=hunter2@&host=localhost", "app@db db [localhost:5432] prefer size=20"},
	{"postgres://app:hunter2%2F%40%3F@localhost/my%20db?connect_timeout=3", `app@"my db" my db [localhost:5432] prefer size=20`},
	{"postgres://app:hunter2@localhost/db?listen=127.0.0.1:7000&max_clients=5", "app@db db [localhost:5432] prefer size=20"},
	{"postgres://app:hunter2@localhost/no", "app@no no [localhost:5432] prefer size=20"},

	{"mysql://app:hunter2@h/db", "URL:1:1: not a URL of PostgreSQL; write postgres://user:password@host/database"},
	{"postgres://h/db", "URL:1:1: the URL has no user; write postgres://user:password@host/database"},
	{"postgres://app@h/db", "URL:1:1: the URL has no password, which clients will be asked for; write postgres://user:password@host/database"},
	{"postgres://app:hunter2@/db", "URL:1:1: the URL has no host; write postgres://user:password@host/database"},
	{"postgres://app:hunter2@h:0/db", `URL:1:24: clusters.db.nodes[0].addr: has no port between 1 and 65535; write "host:port"`},
	{"postgres://app:hunter2@h/db?sslmode=on", "URL:1:37: clusters.db.backend.tls.mode: unknown value \"on\"; it is one of disable, prefer, require, verify-ca, verify-full"},
	{"postgres://app:hunter2@h/db?sslmode=verify-ca", "URL:1:37: clusters.db.backend.tls.mode: verify-ca needs ca: any server with a public certificate would pass"},
	{"postgres://app:hunter2@h/db?pool_sise=3&sslmode=require&pool_idle=30", "URL:1:29: unknown parameter \"pool_sise\", did you mean \"pool_size\"?\nURL:1:67: clusters.db.pool.idle: 30 has no unit; write 30s or 30m"},
	{"postgres://app:hunter2%zz@h/db", "URL:1:16: a % is not followed by two hex digits, or they are not UTF-8; write %25 for % itself"},
	{"postgres://app:hunter2@%2Ftmp/db?port=543\xff", "URL:1:39: a % is not followed by two hex digits, or they are not UTF-8; write %25 for % itself"},
	// Characters that should have been escaped must not spill the password.
	{"postgres://app:hun/hunter2@h/db", "URL:1:12: the URL cannot be taken apart; in a user name or password write %2F for /, %3F for ? and %40 for @"},
	{"postgres://app:hun?hunter2@h/db", "URL:1:12: the URL cannot be taken apart; in a user name or password write %2F for /, %3F for ? and %40 for @"},
	{"postgres://app:h@n?hunter2@h/db", "URL:1:20: the URL cannot be taken apart; in a user name or password write %3F for ? and %40 for @"},
	{"postgres://app:h@hunter2@localhost/db", "app@db db [localhost:5432] prefer size=20"},
}

func TestFromURL(t *testing.T) {
	for _, c := range urlCases {
		cfg, problems := FromURL(c.url)
		got := summary(cfg, problems)
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.url, got, c.want)
		}
		noSecret(t, printed(cfg, problems))
		if cfg == nil {
			continue
		}
		everythingElsePrints(t, cfg)
		cl, u := cfg.Clusters[0], cfg.Users[0]
		if cl.Backend.User != u.Name || cl.Backend.Password != u.Password || !strings.Contains(u.Password.Reveal(), hunter) {
			t.Errorf("%s: servers are not logged in to as %s", c.url, u.Name)
		}
	}
}

// summary is the line of a URL's Config, or its problems.
func summary(c *Config, problems []Problem) string {
	var lines []string
	for _, p := range problems {
		if !p.Warning {
			lines = append(lines, p.String())
		}
	}
	if c == nil {
		return strings.Join(lines, "\n")
	}
	var nodes []string
	for _, n := range c.Clusters[0].Nodes {
		nodes = append(nodes, n.Addr)
	}
	cl := c.Clusters[0]
	line := fmt.Sprintf("%s %s [%s] %s size=%d", join(c.Users[0].Name, cl.Name), cl.Database, strings.Join(nodes, ", "), cl.Backend.TLS.Mode, cl.Pool.Size)
	line = strings.Replace(line, ".", "@", 1)
	if len(problems) > 0 && strings.HasSuffix(c.Clusters[0].Nodes[0].Addr, "db1:5432") {
		line += " warned"
	}
	return line
}

func TestURLDetails(t *testing.T) {
	c, problems := FromURL("postgres://app:pw@localhost/db?connect_timeout=3&application_name=x&listen=127.0.0.1:7000&max_clients=5&pool_queue_timeout=0&sslcert=/c&sslkey=/k")
	if c == nil {
		t.Fatal(problems)
	}
	cl := c.Cluster("db")
	if cl.Backend.ConnectTimeout.Seconds() != 3 || cl.Backend.ApplicationName != "x" || c.Listeners[0].Bind != "127.0.0.1:7000" ||
		c.Process.MaxClients != 5 || cl.Pool.QueueTimeout != 0 || cl.Backend.TLS.Cert != "/c" || cl.Backend.TLS.Key != "/k" {
		t.Errorf("%s", Dump(c))
	}
	if !IsURL("postgres://x") || !IsURL("postgresql://x") || IsURL("wye.yaml") {
		t.Error("IsURL is wrong")
	}
}
