package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// fleetSize is how many clients the tour connects.
const fleetSize = 400

// loginsAtOnce bounds the clients that log in at the same time. Each hashes its
// password some thousand times, in the process that wye runs in and checks its
// servers from: on a slow machine all at once would keep it from that for
// longer than a check may take.
const loginsAtOnce = 16

// fleet is many clients that act at the same time. The zero pointer is an
// empty one.
type fleet struct {
	conns []*pgconn.PgConn
}

// launch connects n clients.
func (r *rig) launch(ctx context.Context, n int) (*fleet, error) {
	return r.launchAt(ctx, rigDatabase, n)
}

func (r *rig) launchAt(ctx context.Context, database string, n int) (*fleet, error) {
	f := &fleet{conns: make([]*pgconn.PgConn, n)}
	doors := make(chan struct{}, loginsAtOnce)
	err := f.each(func(i int, _ *pgconn.PgConn) (err error) {
		doors <- struct{}{}
		defer func() { <-doors }()
		f.conns[i], err = r.connectTo(ctx, database)
		return err
	})
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// first is the part of the fleet with its first n clients.
func (f *fleet) first(n int) *fleet { return &fleet{f.conns[:n]} }

func (f *fleet) size() int { return len(f.conns) }

// each runs do for every client at the same time and returns when all are
// done: how many failed, and the first of the errors.
func (f *fleet) each(do func(i int, c *pgconn.PgConn) error) error {
	errs := make([]error, len(f.conns))
	var wg sync.WaitGroup
	for i, c := range f.conns {
		wg.Go(func() { errs[i] = do(i, c) })
	}
	wg.Wait()
	failed, first := 0, error(nil)
	for _, err := range errs {
		if err != nil {
			failed++
			first = cmpError(first, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d clients failed: %w", failed, len(errs), first)
	}
	return nil
}

func cmpError(first, next error) error {
	if first == nil {
		return next
	}
	return first
}

func (f *fleet) close() {
	if f == nil {
		return
	}
	for _, c := range f.conns {
		if c != nil {
			_ = c.Close(context.Background())
		}
	}
	f.conns = nil
}

// ask runs one statement with text arguments and returns its only row.
func ask(ctx context.Context, c *pgconn.PgConn, sql string, args ...string) ([]string, error) {
	return onlyRow(c.ExecParams(ctx, sql, encoded(args), nil, nil, nil).Read())
}

// askPrepared is ask for a statement that the client has prepared.
func askPrepared(ctx context.Context, c *pgconn.PgConn, name string, args ...string) ([]string, error) {
	return onlyRow(c.ExecPrepared(ctx, name, encoded(args), nil, nil).Read())
}

// do runs SQL text, several statements too, by the simple protocol.
func do(ctx context.Context, c *pgconn.PgConn, sql string) error {
	_, err := c.Exec(ctx, sql).ReadAll()
	return err
}

func encoded(args []string) [][]byte {
	values := make([][]byte, len(args))
	for i, a := range args {
		values[i] = []byte(a)
	}
	return values
}

func onlyRow(r *pgconn.Result) ([]string, error) {
	if r.Err != nil {
		return nil, r.Err
	}
	if len(r.Rows) != 1 {
		return nil, fmt.Errorf("got %d rows, want 1", len(r.Rows))
	}
	row := make([]string, len(r.Rows[0]))
	for i, v := range r.Rows[0] {
		row[i] = string(v)
	}
	return row, nil
}

// sqlState is the code of a server's error, "" when it is none.
func sqlState(err error) string {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		return e.Code
	}
	return ""
}
