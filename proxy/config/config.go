package config

import "time"

// Config is one whole configuration with all defaults filled in. Named things
// keep the order of the file; their names are unique within their section.
type Config struct {
	Version   int           `wye:"version" default:"1" min:"1" max:"1" doc:"Format of the file."`
	Include   []string      `wye:"include" doc:"More files to read, as patterns relative to the main file. Sections are joined by name; a name defined twice is an error."`
	Process   Process       `wye:"process"`
	Admin     Admin         `wye:"admin"`
	TLS       []TLS         `wye:"tls"`
	Users     []User        `wye:"users"`
	Listeners []Listener    `wye:"listeners"`
	Clusters  []Cluster     `wye:"clusters"`
	Pools     []ServicePool `wye:"pools"`

	// hidden holds the paths whose text came from ${env:} or ${file:}.
	hidden map[string]bool
}

// Process is what concerns the whole process.
type Process struct {
	MaxClients      int           `wye:"max_clients" default:"10000" min:"1" max:"1000000" doc:"Most client connections at a time, over all listeners; one more is refused with 53300."`
	ShutdownTimeout time.Duration `wye:"shutdown_timeout" default:"30s" doc:"How long a drain waits for clients before it closes them. 0 waits for ever."`
	SQLCache        int64         `wye:"sql_cache,restart" default:"32MiB" min:"1MiB" max:"64GiB" doc:"Memory for statements already read."`
	Log             Log           `wye:"log"`
}

// Log is what is logged, and how.
type Log struct {
	Level  LogLevel  `wye:"level" default:"info" doc:"Least level that is logged."`
	Format LogFormat `wye:"format,restart" default:"auto" doc:"Form of a line; auto is text on a terminal and JSON elsewhere."`
}

// Admin is how an operator looks in.
type Admin struct {
	HTTP    *AdminHTTP `wye:"http"` // nil: no HTTP side
	Console Console    `wye:"console"`
}

// AdminHTTP is where metrics and health answer. The section's presence turns
// them on.
type AdminHTTP struct {
	Bind  string `wye:"bind,restart" default:"127.0.0.1:9630" check:"tcp" doc:"Address of /metrics, /healthz and /readyz; they are off when admin.http is absent."`
	Token Secret `wye:"token,restart" derived:"none: they are for this machine only" doc:"Admits to /status, /api and /debug/pprof from elsewhere: as Authorization: Bearer, or as the password that a browser asks for."`
}

// Console is who may enter the databases "pgbouncer" and "wye".
type Console struct {
	Admins  []string `wye:"admins" doc:"Users who may see everything and give orders on the console."`
	Viewers []string `wye:"viewers" doc:"Users who may only look."`
}

// TLS is a certificate, named by the listeners that show it.
type TLS struct {
	Name     string     `wye:"name"`
	Cert     string     `wye:"cert,required" doc:"PEM file with the certificate and its chain."`
	Key      string     `wye:"key,required" doc:"PEM file with the private key."`
	ClientCA string     `wye:"client_ca" doc:"PEM file with the authorities that client certificates are checked against."`
	Min      TLSVersion `wye:"min" default:"1.2" doc:"Lowest TLS version that is accepted."`
}

// LogLevel is one of the four levels of log/slog.
type LogLevel string

func (LogLevel) allowed() []string { return []string{"debug", "info", "warn", "error"} }

// LogFormat is "auto", "text" or "json".
type LogFormat string

func (LogFormat) allowed() []string { return []string{"auto", "text", "json"} }

// TLSVersion is "1.2" or "1.3".
type TLSVersion string

func (TLSVersion) allowed() []string { return []string{"1.2", "1.3"} }

// User returns the user of that name, or nil.
func (c *Config) User(name string) *User {
	for i := range c.Users {
		if c.Users[i].Name == name {
			return &c.Users[i]
		}
	}
	return nil
}

// Listener returns the listener of that name, or nil.
func (c *Config) Listener(name string) *Listener {
	for i := range c.Listeners {
		if c.Listeners[i].Name == name {
			return &c.Listeners[i]
		}
	}
	return nil
}

// Cluster returns the cluster of that name, or nil.
func (c *Config) Cluster(name string) *Cluster {
	for i := range c.Clusters {
		if c.Clusters[i].Name == name {
			return &c.Clusters[i]
		}
	}
	return nil
}

// Certificate returns the tls section of that name, or nil.
func (c *Config) Certificate(name string) *TLS {
	for i := range c.TLS {
		if c.TLS[i].Name == name {
			return &c.TLS[i]
		}
	}
	return nil
}
