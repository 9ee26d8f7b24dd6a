package drivertest

import (
	"net"
	"net/url"
	"os"
	"strings"
)

// Target says where to connect and as whom. The user must be able to create
// tables, schemas, types and temporary tables in the database, and its
// password must be acceptable by SCRAM over plain TCP.
type Target struct {
	Host, Port               string
	Database, User, Password string
}

// URL is the connection string, with parameters such as "application_name=x".
func (t Target) URL(params ...string) string {
	u := url.URL{Scheme: "postgres", Host: net.JoinHostPort(t.Host, t.Port), User: url.UserPassword(t.User, t.Password), Path: "/" + t.Database}
	q := url.Values{"sslmode": {"disable"}}
	for _, p := range params {
		k, v, _ := strings.Cut(p, "=")
		q.Set(k, v)
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // a + is a blank in forms only; drivers keep it
	return u.String()
}

// environment is this process's, without other PG variables: a PGSERVICE of
// the machine must not lead a driver elsewhere.
func (t Target) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "PG") {
			env = append(env, kv)
		}
	}
	return append(env, "PGHOST="+t.Host, "PGPORT="+t.Port, "PGDATABASE="+t.Database, "PGUSER="+t.User,
		"PGPASSWORD="+t.Password, "PGSSLMODE=disable", "PGGSSENCMODE=disable", "PYTHONDONTWRITEBYTECODE=1", "LC_ALL=C.UTF-8")
}
