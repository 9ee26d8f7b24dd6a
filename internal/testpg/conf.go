package testpg

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Superuser is the role that owns the cluster. Over the private sockets it
// needs no password; over TCP it has a random one, which Node.URL knows.
const Superuser = "postgres"

// User is a role that may log in. The first of Options.Users owns the
// database; all may create in its schema public.
type User struct {
	Name, Password string
	Attributes     string // what CREATE ROLE takes besides: "REPLICATION", "CONNECTION LIMIT 3"
}

// Options says what to boot; the zero value is a lone primary named "pg" with
// the database "app" and the user "app", password "app".
type Options struct {
	Name     string            // up to 30 letters, digits, dashes; shown in SHOW cluster_name and process titles
	Replicas int               // streaming, asynchronous unless Settings say otherwise
	Database string            // default "app"
	Users    []User            // default one user app/app
	Settings map[string]string // postgresql.conf of every server, over the defaults of this package
	HBA      []string          // pg_hba.conf lines, before the default "host all all 127.0.0.1/32 scram-sha-256"
	TLS      bool              // ssl = on with a certificate for 127.0.0.1 and localhost; plain TCP stays allowed
	LogDir   string            // where server logs go; default inside the cluster's folder, removed with it
}

func (o Options) withDefaults() (Options, error) {
	if o.Name == "" {
		o.Name = "pg"
	}
	if o.Database == "" {
		o.Database = "app"
	}
	if o.Users == nil {
		o.Users = []User{{Name: "app", Password: "app"}}
	}
	if len(o.Name) > 30 || strings.Trim(strings.ToLower(o.Name), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return o, fmt.Errorf("cluster name %q: want up to 30 letters, digits and dashes", o.Name)
	}
	for _, reserved := range []string{"port", "cluster_name", "listen_addresses", "unix_socket_directories", "dynamic_shared_memory_type"} {
		if _, given := o.Settings[reserved]; given {
			return o, fmt.Errorf("setting %s is this package's own: servers are found and cleaned up by it", reserved)
		}
	}
	return o, nil
}

// defaultSettings make a server quick to start and strict in what tests rely
// on; everything a client can observe stays as PostgreSQL ships it.
func defaultSettings() map[string]string {
	return map[string]string{
		"fsync":                        "off",
		"full_page_writes":             "off",
		"synchronous_commit":           "on",
		"shared_buffers":               "16MB",
		"huge_pages":                   "off",
		"wal_init_zero":                "off",
		"wal_keep_size":                "256MB", // a replica stopped for a test finds its WAL again
		"wal_level":                    "logical",
		"wal_log_hints":                "on", // pg_rewind asks for it
		"max_wal_senders":              "10",
		"max_replication_slots":        "10",
		"max_connections":              "300",
		"max_prepared_transactions":    "300", // one for each connection, so two-phase commit never runs out first
		"hot_standby":                  "on",
		"wal_retrieve_retry_interval":  "100ms", // the default of 5 s is what a test would wait for
		"wal_receiver_status_interval": "1s",
		"password_encryption":          "scram-sha-256",
		"listen_addresses":             "127.0.0.1",
		"unix_socket_permissions":      "0700",
		"dynamic_shared_memory_type":   "mmap", // in the data folder, not in /dev/shm, so it goes with it
		"timezone":                     "UTC",
		"log_timezone":                 "UTC",
		"log_line_prefix":              "%m [%p] %q%u@%d/%a ",
	}
}

// conf is what is appended to one server's postgresql.conf.
func (o Options) conf(own map[string]string) []byte {
	all := defaultSettings()
	maps.Copy(all, o.Settings)
	maps.Copy(all, own)
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s = '%s'\n", k, strings.ReplaceAll(all[k], "'", "''"))
	}
	return []byte(b.String())
}

// hba is the whole pg_hba.conf. Only who may enter the 0700 socket folder,
// the account itself and root, is believed without a password.
func (o Options) hba() []byte {
	lines := append([]string{
		"local all         " + Superuser + " trust",
		"local replication " + Superuser + " trust",
		"local all         all scram-sha-256",
	}, o.HBA...)
	lines = append(lines,
		"host  all         all 127.0.0.1/32 scram-sha-256",
		"host  replication all 127.0.0.1/32 scram-sha-256",
	)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// setupSQL runs once on the primary; replicas receive it by streaming.
func (o Options) setupSQL(superPassword string) []string {
	// Before the replicas are up nobody could confirm a synchronous commit.
	sql := []string{"SET synchronous_commit = local",
		fmt.Sprintf("ALTER ROLE %s PASSWORD %s", Superuser, literal(superPassword))}
	for _, u := range o.Users {
		password := "" // no PASSWORD at all: a role that no password can open
		if u.Password != "" {
			password = " PASSWORD " + literal(u.Password)
		}
		sql = append(sql, fmt.Sprintf("CREATE ROLE %s LOGIN%s %s", ident(u.Name), password, u.Attributes))
	}
	sql = append(sql, fmt.Sprintf("ALTER DATABASE %s RENAME TO %s", spareDatabase, ident(o.Database)))
	if len(o.Users) > 0 {
		sql = append(sql, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", ident(o.Database), ident(o.Users[0].Name)))
	}
	return sql
}

// grantSQL runs in the new database.
func (o Options) grantSQL() []string {
	sql := []string{"SET synchronous_commit = local"}
	for _, u := range o.Users {
		sql = append(sql, "GRANT USAGE, CREATE ON SCHEMA public TO "+ident(u.Name))
	}
	return sql
}

func ident(s string) string   { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
