package main

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
	"github.com/wyeproxy/wye/protocol/auth"
)

// desk is a proxy with a listener for each way to log in.
type desk struct {
	*authority
	addrs map[string]string // of listeners by name
	unix  string
}

var deskListeners = []string{"scram", "md5", "trust", "allow", "require", "plain", "cert", "certscram", "unixplain"}

func openDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{authority: newAuthority(t), addrs: map[string]string{}}
	cert, key := d.issue("server", "127.0.0.1", "localhost")
	d.unix = filepath.Join(t.TempDir(), ".s.PGSQL.6432")
	verifier, err := auth.HashPassword("hashed", nil)
	if err != nil {
		t.Fatal(err)
	}
	server, _ := startProxy(t, shared(t), fmt.Sprintf(`
clusters:
  app: {nodes: ["{server}"], backend: {user: app, password: app, tls: {mode: disable}}}
users:
  - {name: app, password: app}
  - {name: hashed, password: %q}
  - {name: certain, auth: cert}
  - {name: trusty, auth: trust}
  - {name: bymd5, password: bymd5, auth: md5}
tls:
  own: {cert: %q, key: %q, client_ca: %q}
listeners:
  - {name: scram, bind: "127.0.0.1:0"}
  - {name: md5, bind: "127.0.0.1:0", auth: md5}
  - {name: trust, bind: "127.0.0.1:0", auth: trust}
  - {name: allow, bind: "127.0.0.1:0", tls: {use: own, mode: allow}}
  - {name: require, bind: "127.0.0.1:0", tls: {use: own}}
  - {name: plain, bind: "127.0.0.1:0", auth: plain, tls: {use: own}}
  - {name: cert, bind: "127.0.0.1:0", auth: cert, tls: {use: own, mode: verify-client}}
  - {name: certscram, bind: "127.0.0.1:0", tls: {use: own, mode: verify-client}}
  - {name: unixplain, bind: "unix:%s", auth: plain}
`, verifier, cert, key, d.file, d.unix))
	for i, a := range server.Addrs() {
		d.addrs[deskListeners[i]] = a.String()
	}
	return d
}

// dsn is a connection string to a listener; words replace its defaults.
func (d *desk) dsn(listener, user, password, words string) string {
	host, port, ok := strings.Cut(d.addrs[listener], ":")
	if !ok {
		host, port = filepath.Dir(d.unix), "6432"
	}
	return fmt.Sprintf("host=%s port=%s user=%s password='%s' dbname=app connect_timeout=10 sslrootcert=%s %s", host, port, user, password, d.file, words)
}

const (
	noTLS   = "sslmode=disable"
	fullTLS = "sslmode=verify-full"
)

func TestWaysToLogIn(t *testing.T) {
	d := openDesk(t)
	cert, key := d.issue("certain")
	withCert := fmt.Sprintf("%s sslcert=%s sslkey=%s", fullTLS, cert, key)
	appCert, appKey := d.issue("app")
	withAppCert := fmt.Sprintf("%s sslcert=%s sslkey=%s", fullTLS, appCert, appKey)
	strangerCert, strangerKey := newAuthority(t).issue("certain")
	withStrange := fmt.Sprintf("%s sslcert=%s sslkey=%s", fullTLS, strangerCert, strangerKey)

	for _, tt := range []struct {
		listener, user, password, words string
		code                            string // "" is let in; "-" is closed without a word
	}{
		{"scram", "app", "app", noTLS + " require_auth=scram-sha-256", ""},
		{"scram", "hashed", "hashed", noTLS, ""},
		{"scram", "app", "wrong", noTLS, "28P01"},
		{"scram", "hashed", "wrong", noTLS, "28P01"},
		{"scram", "nobody", "app", noTLS, "28P01"},
		{"scram", "certain", "x", noTLS, "28000"}, // its auth is cert
		{"scram", "trusty", "", noTLS, ""},
		{"scram", "app", "app", "sslmode=prefer", ""},
		{"scram", "bymd5", "bymd5", noTLS + " require_auth=md5", ""},
		{"scram", "bymd5", "wrong", noTLS, "28P01"},
		{"md5", "app", "app", noTLS + " require_auth=md5", ""},
		{"md5", "hashed", "hashed", noTLS + " require_auth=scram-sha-256", ""},
		{"md5", "app", "wrong", noTLS, "28P01"},
		{"md5", "nobody", "wrong", noTLS, "28P01"},
		{"trust", "app", "anything", noTLS, ""},
		{"trust", "trusty", "anything", noTLS, ""},
		{"trust", "nobody", "anything", noTLS, "28000"},
		{"allow", "app", "app", noTLS, ""},
		{"allow", "app", "app", fullTLS + " channel_binding=require", ""},
		{"require", "app", "app", fullTLS + " channel_binding=require", ""},
		{"require", "hashed", "hashed", fullTLS + " channel_binding=require", ""},
		{"require", "app", "app", fullTLS + " channel_binding=disable", ""},
		{"require", "app", "wrong", fullTLS + " channel_binding=require", "28P01"},
		{"require", "nobody", "wrong", fullTLS + " channel_binding=require", "28P01"},
		{"require", "app", "app", noTLS, "28000"},
		{"require", "app", "app", "sslmode=require sslnegotiation=direct", ""},
		{"plain", "app", "app", fullTLS + " require_auth=password", ""},
		{"plain", "hashed", "hashed", fullTLS, ""},
		{"plain", "app", "wrong", fullTLS, "28P01"},
		{"plain", "nobody", "wrong", fullTLS, "28P01"},
		{"plain", "app", "app", noTLS, "28000"},
		{"cert", "certain", "", withCert, ""},
		{"cert", "app", "", withAppCert, ""},
		{"cert", "app", "app", withCert, "28000"},    // a certificate of someone else
		{"cert", "nobody", "app", withCert, "28000"}, // and of nobody we know
		{"cert", "certain", "", fullTLS, "-"},
		{"cert", "certain", "", withStrange, "-"},
		{"cert", "certain", "", noTLS, "28000"},
		{"certscram", "app", "app", withCert, ""},
		{"certscram", "app", "wrong", withCert, "28P01"},
		{"certscram", "certain", "", withCert, ""},
		{"certscram", "app", "app", fullTLS, "-"},
		{"unixplain", "app", "app", noTLS, ""},
		{"unixplain", "app", "wrong", noTLS, "28P01"},
	} {
		t.Run(strings.Join([]string{tt.listener, tt.user, tt.password, tt.words}, " "), func(t *testing.T) {
			conn, err := pgconn.Connect(soon(t, generous), d.dsn(tt.listener, tt.user, tt.password, tt.words))
			switch tt.code {
			case "":
				if err != nil {
					t.Fatal(err)
				}
				if got := must(t, conn, "select current_user"); got != "app" {
					t.Errorf("current_user is %s", got)
				}
				_ = conn.Close(t.Context())
			case "-":
				var e *pgconn.PgError
				if err == nil || errors.As(err, &e) {
					t.Errorf("got %v, want a closed connection", err)
				}
			default:
				e := wantError(t, err, tt.code)
				if e.Severity != "FATAL" || tt.code == "28P01" && e.Message != fmt.Sprintf("password authentication failed for user %q", tt.user) {
					t.Errorf("got %s %q", e.Severity, e.Message)
				}
			}
		})
	}
}

// TestPsqlLogsIn does with libpq what TestWaysToLogIn does with pgx.
func TestPsqlLogsIn(t *testing.T) {
	d := openDesk(t)
	if _, err := testpg.Find(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ listener, words, want string }{
		{"require", "sslmode=verify-full channel_binding=require", "app"},
		{"require", "sslmode=disable", "requires TLS"},
		{"scram", "channel_binding=require", "channel binding required"},
		{"allow", "sslmode=prefer gssencmode=prefer", "app"},
		{"plain", "sslmode=verify-full", "app"},
		{"md5", "sslmode=disable", "app"},
		{"unixplain", "sslmode=disable", "app"},
	} {
		out, err := exec.Command("psql", "-X", "-At", "-c", "select current_user", d.dsn(tt.listener, "app", "app", tt.words)).CombinedOutput()
		if ok := tt.want == "app"; ok != (err == nil) || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s %s: %v %s", tt.listener, tt.words, err, out)
		}
	}
}

// TestUnknownUserTakesAsLong: whoever does not know the password must not
// learn from the time whether the user exists.
func TestUnknownUserTakesAsLong(t *testing.T) {
	d := openDesk(t)
	for _, tt := range []struct{ listener, user string }{{"scram", "app"}, {"scram", "hashed"}, {"md5", "app"}, {"plain", "app"}} {
		words := noTLS
		if tt.listener == "plain" {
			words = fullTLS
		}
		// A machine that is busy with other things may be slower now than then:
		// what a client learns, it learns each time.
		var known, unknown time.Duration
		alike := false
		for try := 0; try < 5 && !alike; try++ {
			known, unknown = time.Hour, time.Hour
			for range 15 {
				known, unknown = min(known, d.refusal(tt.listener, tt.user, words)), min(unknown, d.refusal(tt.listener, "nobody", words))
			}
			t.Logf("%s: %s takes %v, an unknown user %v", tt.listener, tt.user, known, unknown)
			alike = float64(known) <= 1.5*float64(unknown)+3e5 && float64(unknown) <= 1.5*float64(known)+3e5
		}
		if !alike {
			t.Errorf("%s: %s takes %v, an unknown user %v", tt.listener, tt.user, known, unknown)
		}
	}
}

// refusal is how long a login with a wrong password takes.
func (d *desk) refusal(listener, user, words string) time.Duration {
	began := time.Now()
	refused(d.t, d.dsn(listener, user, "wrong", words))
	return time.Since(began)
}
