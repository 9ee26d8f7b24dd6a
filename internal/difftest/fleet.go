package difftest

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// maxShards is how many servers are booted.
const maxShards = 4

// Fleet is the servers of the test. Each holds one database per layout, so
// that many layouts need few servers.
type Fleet struct {
	servers []*testpg.Cluster
	schema  string
	rows    map[string][]string // by table, as VALUES
}

// BootFleet starts the servers and reads the schema and the rows.
func BootFleet(ctx context.Context) (*Fleet, error) {
	f := &Fleet{rows: map[string][]string{}}
	schema, err := os.ReadFile(filepath.Join(Dir(), "schema.sql"))
	if err != nil {
		return nil, err
	}
	f.schema = "SET ROLE app;" + string(schema)
	for _, t := range Tables {
		text, err := os.ReadFile(filepath.Join(Dir(), "rows", t.Name+".sql"))
		if err != nil && !os.IsNotExist(err) {
			return nil, err
		}
		f.rows[t.Name] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(text) == 0 {
			f.rows[t.Name] = nil
		}
	}
	for i := range maxShards {
		c, err := testpg.Boot(ctx, testpg.Options{Name: fmt.Sprintf("difftest-s%d", i)})
		if err != nil {
			f.Close()
			return nil, err
		}
		f.servers = append(f.servers, c)
	}
	return f, nil
}

// Close stops the servers.
func (f *Fleet) Close() {
	for _, c := range f.servers {
		_ = c.Close()
	}
}

// create makes an empty database with the schema on the first n servers.
func (f *Fleet) create(ctx context.Context, database string, n int) (*Store, error) {
	s := &Store{}
	for _, c := range f.servers[:n] {
		if err := c.Primary.Exec(ctx, "CREATE DATABASE "+database+" OWNER app"); err != nil {
			return nil, err
		}
		conn, err := pgconn.Connect(ctx, c.Primary.SuperuserURL(database))
		if err != nil {
			return nil, err
		}
		s.shards = append(s.shards, conn)
		grant := "GRANT ALL ON SCHEMA public TO app;"
		if _, err := conn.Exec(ctx, grant+f.schema+";RESET ROLE").ReadAll(); err != nil {
			return nil, fmt.Errorf("schema.sql: %w", err)
		}
	}
	return s, nil
}

// url is for the user app, on the server of one shard.
func (f *Fleet) url(shard int, database string) string {
	return f.servers[shard].Primary.URL("app", database)
}

// plain makes a database with all rows. Backwards they lie in the other
// order, so that an order which is not total shows.
func (f *Fleet) plain(ctx context.Context, database string, backwards bool) (*Store, error) {
	s, err := f.create(ctx, database, 1)
	if err != nil {
		return nil, err
	}
	for _, t := range Tables {
		rows := slices.Clone(f.rows[t.Name])
		if backwards {
			slices.Reverse(rows)
		}
		if err := insert(ctx, s.shards[0], t, rows); err != nil {
			return nil, err
		}
	}
	return s, s.settle(ctx)
}

// settle lets sequences go on behind the rows.
func (s *Store) settle(ctx context.Context) error {
	if err := s.each(ctx, "SELECT setval('tickets_id_seq', 1000)"); err != nil {
		return err
	}
	return s.remember(ctx)
}

func insert(ctx context.Context, conn *pgconn.PgConn, t Table, rows []string) error {
	if len(rows) == 0 {
		return nil
	}
	if _, err := conn.Exec(ctx, "INSERT INTO "+t.Name+" VALUES "+strings.Join(rows, ",")).ReadAll(); err != nil {
		return fmt.Errorf("rows of %s: %w", t.Name, err)
	}
	return nil
}

// spread makes the databases of a layout and places the rows from a plain one
// by SQL of our own.
func (f *Fleet) spread(ctx context.Context, l Layout, prefix string, from *Store) (*Store, error) {
	s, err := f.create(ctx, l.database(prefix), l.Shards)
	if err != nil {
		return nil, err
	}
	for _, t := range Tables {
		for i, conn := range s.shards {
			where := fmt.Sprintf("%s = %d", l.placement(t), i)
			if t.Kind == Everywhere {
				where = "true"
			}
			if err := copyRows(ctx, from.shards[0], conn, t, where); err != nil {
				return nil, fmt.Errorf("rows of %s: %w", t.Name, err)
			}
		}
	}
	return s, s.settle(ctx)
}

func copyRows(ctx context.Context, from, to *pgconn.PgConn, t Table, where string) error {
	read, write := io.Pipe()
	sent := make(chan error, 1)
	go sendRows(ctx, from, t, where, write, sent)
	_, err := to.CopyFrom(ctx, read, "COPY "+t.Name+" FROM STDIN")
	_ = read.CloseWithError(err) // wakes the sender if it still writes
	if sendErr := <-sent; err == nil {
		err = sendErr
	}
	return err
}

func sendRows(ctx context.Context, from *pgconn.PgConn, t Table, where string, w *io.PipeWriter, done chan<- error) {
	_, err := from.CopyTo(ctx, w, "COPY (SELECT * FROM "+t.Name+" WHERE "+where+") TO STDOUT")
	_ = w.CloseWithError(err)
	done <- err
}

// scatterThrough makes the databases of a layout and lets a target place the
// rows: one INSERT for each. What is not sharded goes straight to the servers.
func (f *Fleet) scatterThrough(ctx context.Context, l Layout, prefix string, open func(*Store) (Session, error)) (*Store, error) {
	s, err := f.create(ctx, l.database(prefix), l.Shards)
	if err != nil {
		return nil, err
	}
	for _, t := range Tables {
		if t.Kind == ByKey || t.Kind == ByTime {
			continue
		}
		for i, conn := range s.shards {
			if i > 0 && t.Kind != Everywhere {
				break
			}
			if err := insert(ctx, conn, t, f.rows[t.Name]); err != nil {
				return nil, err
			}
		}
	}
	session, err := open(s)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for _, t := range Tables {
		if t.Kind != ByKey && t.Kind != ByTime {
			continue
		}
		for _, row := range f.rows[t.Name] {
			sql := "INSERT INTO " + t.Name + " VALUES " + row
			if a := session.Do(Step{SQL: sql}, Simple); a.Err != nil || a.Lost != nil {
				return nil, fmt.Errorf("%s: %s %v", sql, a.Err, a.Lost)
			}
		}
	}
	return s, s.settle(ctx)
}
