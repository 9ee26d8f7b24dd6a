package difftest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Store is where a target's rows are: one database, or one per shard. It goes
// straight to the servers, as superuser, so it sees what is really there.
type Store struct {
	shards []*pgconn.PgConn
	first  map[string][]string       // rows at the beginning, by table
	homes  map[string]map[string]int // shard of each key at the beginning, by table and predicate
}

// remember copies all tables to schema kept of each database, for restore, and
// notes what is where.
func (s *Store) remember(ctx context.Context) error {
	var sql strings.Builder
	sql.WriteString("CREATE SCHEMA kept;")
	for _, t := range Tables {
		fmt.Fprintf(&sql, "CREATE TABLE kept.%[1]s AS TABLE public.%[1]s;", t.Name)
	}
	sql.WriteString("ANALYZE")
	if err := s.each(ctx, sql.String()); err != nil {
		return err
	}
	s.first, s.homes = map[string][]string{}, map[string]map[string]int{}
	for _, t := range Tables {
		rows, err := s.rows(ctx, t)
		if err != nil {
			return err
		}
		s.first[t.Name] = rows
		if s.homes[t.Name], err = s.keys(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// restore brings tables back to the beginning.
func (s *Store) restore(ctx context.Context, c Case) error {
	sql := "SET lock_timeout = '10s'; "
	for _, u := range c.Undo {
		sql += u + "; "
	}
	if err := s.each(ctx, sql); err != nil {
		return fmt.Errorf("%s: undo: %w", c.At, err)
	}
	sql = "BEGIN; SET LOCAL session_replication_role = replica; "
	for _, t := range c.Touches {
		sql += fmt.Sprintf("DELETE FROM public.%[1]s; INSERT INTO public.%[1]s SELECT * FROM kept.%[1]s; ", t)
	}
	if err := s.each(ctx, sql+"COMMIT"); err != nil {
		return fmt.Errorf("%s: restore: %w", c.At, err)
	}
	return nil
}

func (s *Store) each(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	for i, conn := range s.shards {
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			return fmt.Errorf("shard %d: %w", i, err)
		}
	}
	return nil
}

// rows are those of a table as its owner would see them on one PostgreSQL.
// Copies of a reference table that differ are an error.
func (s *Store) rows(ctx context.Context, t Table) (all []string, err error) {
	for i, conn := range s.shards {
		rows, err := query(ctx, conn, "SELECT * FROM public."+t.Name+" AS t ORDER BY t::text")
		if err != nil {
			return nil, err
		}
		switch t.Kind {
		case Everywhere:
			if i > 0 && strings.Join(rows, "") != strings.Join(all, "") {
				return nil, fmt.Errorf("shards 0 and %d differ in their copies of %s", i, t.Name)
			}
			all = rows
		default: // a table of one shard is empty on the others
			all = append(all, rows...)
		}
	}
	return all, nil
}

// keys are the predicates that find a table's keys, and the shard of each. A
// key on two shards is an error.
func (s *Store) keys(ctx context.Context, t Table) (map[string]int, error) {
	homes := map[string]int{}
	if len(t.Key) == 0 {
		return homes, nil
	}
	var parts []string
	for _, k := range t.Key {
		parts = append(parts, fmt.Sprintf("format('%%I = %%L::%%s', '%[1]s', %[1]s, pg_typeof(%[1]s))", k))
	}
	sql := "SELECT DISTINCT concat_ws(' AND ', " + strings.Join(parts, ", ") + ") FROM public." + t.Name
	for i, conn := range s.shards {
		rows, err := query(ctx, conn, sql)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			predicate := *unpackRow(row)[0]
			if at, twice := homes[predicate]; twice {
				return nil, fmt.Errorf("%s: %s is on shards %d and %d", t.Name, predicate, at, i)
			}
			homes[predicate] = i
		}
	}
	return homes, nil
}

// misplaced asks the target for each key that was not there at the beginning:
// a row on a shard where it is not looked for is lost.
func (s *Store) misplaced(ctx context.Context, t Table, session Session) error {
	homes, err := s.keys(ctx, t)
	if err != nil {
		return err
	}
	for predicate, shard := range homes {
		if home, known := s.homes[t.Name][predicate]; known {
			if home != shard {
				return fmt.Errorf("%s: %s moved from shard %d to %d", t.Name, predicate, home, shard)
			}
			continue
		}
		sql := "SELECT count(*) FROM public." + t.Name + " WHERE " + predicate
		rows, err := query(ctx, s.shards[shard], sql)
		if err != nil {
			return err
		}
		got := session.Do(Step{SQL: sql}, Simple)
		if len(got.Results) != 1 || len(got.Results[0].Rows) != 1 || got.Results[0].Rows[0] != rows[0] {
			return fmt.Errorf("%s: %s is on shard %d and not found: %s %v", t.Name, predicate, shard, got.Err, got.Lost)
		}
	}
	return nil
}

func query(ctx context.Context, conn *pgconn.PgConn, sql string) (rows []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all, err := conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	for _, row := range all[len(all)-1].Rows {
		rows = append(rows, packRow(row))
	}
	return rows, nil
}

func (s *Store) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, conn := range s.shards {
		_ = conn.Close(ctx)
	}
}
