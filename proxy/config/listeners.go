package config

import "time"

// DefaultBind is where wye listens when the file names no listener: one port
// above PostgreSQL's, PgBouncer's habit, so that drop-in trials need no thought.
const DefaultBind = "127.0.0.1:6432"

// Listener is one address at which PostgreSQL clients are let in.
type Listener struct {
	Name         string        `wye:"name"`
	Bind         string        `wye:"bind,required,restart" check:"bind" doc:"\"host:port\" (an empty host is all addresses) or \"unix:/path/.s.PGSQL.6432\"."`
	TLS          ListenerTLS   `wye:"tls"`
	Auth         Auth          `wye:"auth" default:"scram" doc:"How clients prove who they are. trust asks nothing and is refused on addresses other machines can reach; plain needs TLS or a unix socket; cert needs tls.mode verify-client."`
	Route        Route         `wye:"route" default:"auto" doc:"Where the statements of its clients go: auto (reads to replicas), primary, or replica (what writes is refused)."`
	LoginTimeout time.Duration `wye:"login_timeout" default:"60s" min:"1s" max:"1h" doc:"Time from the accepted connection to the end of the login."`
}

// ListenerTLS is how a listener uses TLS.
type ListenerTLS struct {
	Use  string       `wye:"use" doc:"Name of a tls section."`
	Mode ListenerMode `wye:"mode" derived:"require with tls.use, else disable" doc:"disable, allow (the client chooses), require, or verify-client (and the client must show a certificate that client_ca signed)."`
}

// Auth is how a client proves who it is.
type Auth string

// The ways of proving it. AuthSCRAM is SCRAM-SHA-256 (and -PLUS over TLS);
// AuthMD5 takes SCRAM too, for users stored as a verifier; AuthPlain is the
// password itself; AuthCert is a client certificate; AuthTrust is nothing.
const (
	AuthSCRAM Auth = "scram"
	AuthMD5   Auth = "md5"
	AuthPlain Auth = "plain"
	AuthCert  Auth = "cert"
	AuthTrust Auth = "trust"
)

func (Auth) allowed() []string { return []string{"scram", "md5", "plain", "cert", "trust"} }

// ListenerMode is what a listener says to a client about TLS.
type ListenerMode string

// What a listener says: no TLS, TLS if asked for, TLS only, and TLS with a
// client certificate.
const (
	ListenDisable      ListenerMode = "disable"
	ListenAllow        ListenerMode = "allow"
	ListenRequire      ListenerMode = "require"
	ListenVerifyClient ListenerMode = "verify-client"
)

func (ListenerMode) allowed() []string {
	return []string{"disable", "allow", "require", "verify-client"}
}

// Encrypted tells whether every client of this mode speaks TLS.
func (m ListenerMode) Encrypted() bool { return m == ListenRequire || m == ListenVerifyClient }
