package main

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// checksEach is how often each client looks whether its session is its own.
const checksEach = 10

var rigZones = []string{"Europe/Vienna", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "Africa/Nairobi"}

// stateSQL shows the session's state as a query meets it: whoami is a table
// of the same name in every tenant's schema.
const stateSQL = `SELECT current_setting('TimeZone'), current_setting('application_name'), tenant, pg_backend_pid() FROM whoami`

// state is what one client has set.
type state struct{ zone, name, tenant string }

func stateOf(i int) state {
	return state{rigZones[i%len(rigZones)], "client-" + strconv.Itoa(i), rigTenants[i%len(rigTenants)]}
}

// tourState gives every client a session state of its own and checks it over
// and over, while all of them share the same few server conns.
func tourState(ctx context.Context, r *rig) (f finding, err error) {
	err = r.fleet.each(func(i int, c *pgconn.PgConn) error {
		s := stateOf(i)
		return do(ctx, c, fmt.Sprintf("SET TimeZone = '%s'; SET application_name = '%s'; SET search_path = %s", s.zone, s.name, s.tenant))
	})
	if err != nil {
		return f, err
	}
	met := &meetings{byPID: map[string]map[int]bool{}}
	err = r.fleet.each(func(i int, c *pgconn.PgConn) error {
		for range checksEach {
			row, err := ask(ctx, c, stateSQL)
			if err != nil {
				return err
			}
			met.note(i, row, stateOf(i))
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	strange, err := newcomer(ctx, r)
	if err != nil {
		return f, err
	}
	f.text = fmt.Sprintf("%d sessions, own TimeZone, search_path and name, mixed on %d conns: %d checks, %d leaks",
		fleetSize, len(met.byPID), met.checks, met.leaks)
	f.figures = map[string]any{"checks": met.checks, "server_conns": len(met.byPID), "server_conns_shared": met.shared(), "leaks": met.leaks}
	switch {
	case met.leaks > 0:
		err = fmt.Errorf("%d of %d checks found another client's state; the first: %s", met.leaks, met.checks, met.firstLeak)
	case strange != "":
		err = fmt.Errorf("a newcomer found %s", strange)
	case len(met.byPID) > rigPool:
		err = fmt.Errorf("%d server conns were used, want at most %d", len(met.byPID), rigPool)
	case met.shared() == 0:
		err = fmt.Errorf("each server conn served one client only: nothing was interleaved")
	}
	return f, err
}

// meetings counts which client met which server conn, and what it found.
type meetings struct {
	mu            sync.Mutex
	checks, leaks int
	firstLeak     string
	byPID         map[string]map[int]bool
}

func (m *meetings) note(client int, row []string, want state) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.checks++
	if got := (state{row[0], row[1], row[2]}); got != want {
		m.leaks++
		if m.firstLeak == "" {
			m.firstLeak = fmt.Sprintf("%v instead of %v", got, want)
		}
	}
	if m.byPID[row[3]] == nil {
		m.byPID[row[3]] = map[int]bool{}
	}
	m.byPID[row[3]][client] = true
}

// shared is how many server conns have served several clients. One that was
// opened last, on a busy machine, may have served one.
func (m *meetings) shared() (n int) {
	for _, clients := range m.byPID {
		if len(clients) > 1 {
			n++
		}
	}
	return n
}

// newcomer connects a client that sets nothing, and says what it finds that
// is not the server's default.
func newcomer(ctx context.Context, r *rig) (string, error) {
	c, err := r.connect(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	row, err := ask(ctx, c, "SELECT current_setting('TimeZone') || ' ' || current_setting('search_path')")
	if err != nil {
		return "", err
	}
	if want := `UTC "$user", public`; row[0] != want {
		return row[0] + " instead of " + want, nil
	}
	return "", nil
}
