package auth

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A real PostgreSQL stores each golden password, and must store the verifier
// that we compute with its salt. With -rewrite its verifiers become the file.
func realSASLPrep(t *testing.T, addr string) {
	c := superuser(t, addr)
	var file strings.Builder
	file.WriteString("# Passwords and what a real PostgreSQL (15.18 at first) stored for them. go test ./protocol/auth -run Real -rewrite\n")
	for i, p := range readPrepared(t) {
		stored := storeRole(t, c, fmt.Sprintf("u%d", i), p.password)
		have, err := parseVerifier(stored)
		check(t, err)
		v, err := NewVerifier(p.password, have.Iterations, have.Salt)
		check(t, err)
		if v.String() != stored {
			t.Errorf("%+q (%s): PostgreSQL hashed other bytes than %+q", p.password, p.note, saslPrep(p.password))
		}
		fmt.Fprintf(&file, "%+q %s # %s\n", p.password, stored, p.note)
	}
	if *rewrite {
		check(t, os.WriteFile(preparedFile, []byte(file.String()), 0o644))
	}
}

func superuser(t *testing.T, addr string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), "postgres://postgres@"+addr+"/postgres?sslmode=disable")
	check(t, err)
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// storeRole creates a role that may log in and returns its stored secret.
func storeRole(t *testing.T, c *pgx.Conn, name, password string) (stored string) {
	t.Helper()
	literal := ""
	for i := range len(password) {
		literal += fmt.Sprintf(`\x%02x`, password[i])
	}
	_, err := c.Exec(context.Background(), "CREATE ROLE "+name+" LOGIN PASSWORD E'"+literal+"'")
	check(t, err)
	check(t, c.QueryRow(context.Background(), "SELECT rolpassword FROM pg_authid WHERE rolname = $1", name).Scan(&stored))
	return stored
}
