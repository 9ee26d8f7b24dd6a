package drivertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
)

// zones are settings that differ from client to client: each must find its
// own again.
var zones = []string{"UTC", "Asia/Tokyo", "Europe/Paris", "America/New_York", "Asia/Kolkata", "Australia/Perth"}

// name is a table of this run only.
func name(suffix string) string { return fmt.Sprintf("drv_go_%d_%s", os.Getpid(), suffix) }

// same fails the test unless got equals want; it may be called from any
// goroutine and does not stop it.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// refused fails the test unless err is a server error with this SQLSTATE.
func refused(t *testing.T, what string, err error, state string) {
	t.Helper()
	var p *pgconn.PgError
	var q *pq.Error
	got := fmt.Sprint(err)
	switch {
	case errors.As(err, &p):
		got = p.Code
	case errors.As(err, &q):
		got = string(q.Code)
	}
	if got != state {
		t.Errorf("%s: SQLSTATE %s (%v), want %s", what, got, err, state)
	}
}

// Driver is a Go driver's run against a target.
type Driver struct {
	Name string
	Run  func(t *testing.T, target Target)
}

// Drivers are the Go drivers. Run opens and closes its own connections, at
// most 30 at a time, of which at most 3 are bound to a server conn.
var Drivers = []Driver{{"pgx", PGX}, {"libpq", LibPQ}, {"gorm", GORM}}

func background(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), scriptTimeout)
	t.Cleanup(cancel)
	return ctx
}
