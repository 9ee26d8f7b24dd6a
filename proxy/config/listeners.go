package config

import "time"

// DefaultBind is where wye listens when the file names no listener: one port
// above PostgreSQL's, PgBouncer's habit, so that drop-in trials need no thought.
const DefaultBind = "127.0.0.1:6432"

// Listener is one address at which clients are let in.
type Listener struct {
	Name         string        `wye:"name"`
	Kind         ListenerKind  `wye:"kind,restart" default:"postgres" doc:"Who its clients are: postgres (of the clusters, and the console), tcp, or http (both of a pool)."`
	Bind         string        `wye:"bind,required,restart" check:"bind" doc:"\"host:port\" (an empty host is all addresses) or, of PostgreSQL clients, \"unix:/path/.s.PGSQL.6432\"."`
	TLS          ListenerTLS   `wye:"tls"`
	Auth         Auth          `wye:"auth" derived:"scram, of kind postgres" doc:"How clients prove who they are. trust asks nothing and is refused on addresses other machines can reach; plain needs TLS or a unix socket; cert needs tls.mode verify-client."`
	Route        Route         `wye:"route" derived:"auto, of kind postgres" doc:"Where the statements of its clients go: auto (reads to replicas), primary, or replica (what writes is refused)."`
	LoginTimeout time.Duration `wye:"login_timeout" default:"60s" min:"1s" max:"1h" doc:"Time from the accepted connection to the end of the login; of tcp, to the end of the TLS handshake and of the PROXY header."`
	Pool         string        `wye:"pool" doc:"The pool that clients of a tcp or http listener are balanced over; of http, those whose requests no route takes."`
	Names        []NameRoute   `wye:"names" doc:"Pools for clients that ask for a server name in TLS (SNI), of tcp. Others go to pool, or are turned away where there is none."`
	AcceptProxy  []string      `wye:"accept_proxy" check:"prefix" doc:"Ranges of addresses, of load balancers, whose connections begin with a PROXY protocol header (v1 or v2) with the client's address. From there one without is turned away; from elsewhere none is looked for. Of tcp and http."`
	MaxClients   int           `wye:"max_clients" min:"1" max:"1000000" derived:"no limit of its own" doc:"Most clients of a tcp or http listener at a time; one more is turned away."`
	PerIP        PerIP         `wye:"per_ip"`
	HTTP         *ListenerHTTP `wye:"http"` // of kind http always there
	Routes       []HTTPRoute   `wye:"routes"`
}

// NameRoute is the pool for some server names.
type NameRoute struct {
	Names []string `wye:"names,required,one" doc:"Server names, or all one level below: \"*.example.com\"."`
	Pool  string   `wye:"pool,required" doc:"The pool for them."`
}

// PerIP is what the clients of one address may take together. Those of IPv6
// are taken for one as far as their first 64 bits are the same.
type PerIP struct {
	Max   int `wye:"max" min:"1" max:"1000000" derived:"no limit" doc:"Most connections of one address to a tcp or http listener at a time."`
	Rate  int `wye:"rate" min:"1" max:"1000000" derived:"no limit" doc:"New connections of one address a second."`
	Burst int `wye:"burst" min:"1" max:"1000000" derived:"rate" doc:"New connections of one address that may come at once."`
}

// ListenerKind is what the clients of a listener speak.
type ListenerKind string

// The kinds of listeners.
const (
	ListenPostgres ListenerKind = "postgres"
	ListenTCP      ListenerKind = "tcp"
	ListenHTTP     ListenerKind = "http"
)

func (ListenerKind) allowed() []string { return []string{"postgres", "tcp", "http"} }

// ListenerTLS is how a listener uses TLS.
type ListenerTLS struct {
	Use  string       `wye:"use" doc:"Name of a tls section."`
	Also []string     `wye:"also" doc:"More tls sections, of tcp and http: the certificate shown is the first that has the name a client asks for, else that of use."`
	Mode ListenerMode `wye:"mode" derived:"require with tls.use, else disable" doc:"disable, allow (the client chooses; of postgres alone), require, or verify-client (and the client must show a certificate that client_ca signed)."`
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
