package watch

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// pgAsker asks real servers.
type pgAsker struct {
	urls []string

	mu    sync.Mutex
	conns map[int]*pgconn.PgConn
}

func newAsker(urls []string) *pgAsker {
	return &pgAsker{urls: urls, conns: map[int]*pgconn.PgConn{}}
}

func (a *pgAsker) Ask(ctx context.Context, node int, sql string) ([][]string, error) {
	conn, err := a.conn(ctx, node)
	if err != nil {
		return nil, translated(ctx, err)
	}
	results, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, translated(ctx, err)
	}
	var rows [][]string
	for _, r := range results[len(results)-1].Rows {
		row := make([]string, len(r))
		for i, v := range r {
			row[i] = string(v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func (a *pgAsker) conn(ctx context.Context, node int) (*pgconn.PgConn, error) {
	a.mu.Lock()
	conn := a.conns[node]
	a.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := pgconn.Connect(ctx, a.urls[node])
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.conns[node] = conn
	return conn, nil
}

func (a *pgAsker) Drop(node int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if conn := a.conns[node]; conn != nil {
		_ = conn.Conn().Close()
		delete(a.conns, node)
	}
}

// close drops all.
func (a *pgAsker) close() {
	for i := range a.urls {
		a.Drop(i)
	}
}

func translated(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return fmt.Errorf("ask: %w", &pgerror.Error{Severity: said.Severity, Code: said.Code, Message: said.Message})
	}
	return fmt.Errorf("ask: %w", err)
}
