package drill

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	preparedRead = "drill_read"
	readSQL      = "SELECT value FROM " + FreshTable + " WHERE key = $1"
	pipelined    = 8 // reads of one pipeline
)

// freshSession is one client and what it must not miss any more.
type freshSession struct {
	id, own  int
	conns    []*pgconn.PgConn // the first is the session; a second one is astray
	all      *gathering
	report   *FreshReport
	chance   *rand.Rand
	writeOne int

	wrote   map[int]int64 // by key: what it wrote and has had acknowledged
	saw     map[int]int64 // by key: the newest it read, outside of what may yet be rolled back
	frozen  bool          // in a transaction with one snapshot for all its reads
	pending *int64        // in a transaction that wrote its own key: the value until the end
}

func (s *freshSession) step(ctx context.Context) error {
	if s.writeOne > 0 && s.chance.IntN(s.writeOne) == 0 {
		return s.writeStep(ctx)
	}
	switch n := s.chance.IntN(100); {
	case n < 85:
		return s.read(ctx, s.reader(), s.key())
	case n < 92:
		return s.pipeline(ctx)
	case n < 96:
		return s.transaction(ctx, "BEGIN READ ONLY", "COMMIT", false)
	case n < 98:
		return s.snapshot(ctx)
	default:
		return s.transaction(ctx, "BEGIN", "COMMIT", false)
	}
}

// writeStep writes and reads back at once, most of the time.
func (s *freshSession) writeStep(ctx context.Context) error {
	switch s.chance.IntN(5) {
	case 0:
		return s.transaction(ctx, "BEGIN", "ROLLBACK", true)
	case 1:
		return s.transaction(ctx, "BEGIN", "COMMIT", true)
	case 2:
		if err := s.bump(ctx, s.chance.IntN(sharedKeys)); err != nil {
			return err
		}
	default:
		if err := s.writeOwn(ctx, s.wrote[s.own]+1); err != nil {
			return err
		}
		s.wrote[s.own]++
	}
	return s.read(ctx, s.reader(), s.own)
}

func (s *freshSession) reader() *pgconn.PgConn { return s.conns[s.chance.IntN(len(s.conns))] }

func (s *freshSession) key() int {
	if s.chance.IntN(2) == 0 {
		return s.own
	}
	return s.chance.IntN(sharedKeys)
}

func (s *freshSession) exec(ctx context.Context, sql string) error {
	_, err := s.conns[0].Exec(ctx, sql).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

func (s *freshSession) writeOwn(ctx context.Context, value int64) error {
	s.report.Writes++
	if s.chance.IntN(2) == 0 {
		return s.exec(ctx, fmt.Sprintf("UPDATE %s SET value = %d WHERE key = %d", FreshTable, value, s.own))
	}
	return s.conns[0].ExecParams(ctx, "UPDATE "+FreshTable+" SET value = $1 WHERE key = $2",
		[][]byte{text(value), text(int64(s.own))}, nil, nil, nil).Read().Err
}

// bump adds one to a shared key and remembers which value that made.
func (s *freshSession) bump(ctx context.Context, key int) error {
	s.report.Writes++
	r := s.conns[0].ExecParams(ctx, "UPDATE "+FreshTable+" SET value = value + 1 WHERE key = $1 RETURNING value",
		[][]byte{text(int64(key))}, nil, nil, nil).Read()
	if r.Err != nil {
		return r.Err
	}
	v, err := number(r)
	if err != nil {
		return err
	}
	s.wrote[key] = max(s.wrote[key], v)
	for known := s.all.acked[key].Load(); known < v && !s.all.acked[key].CompareAndSwap(known, v); {
		known = s.all.acked[key].Load()
	}
	return nil
}

// snapshot reads several times as of one moment; what others write meanwhile
// is rightly not seen.
func (s *freshSession) snapshot(ctx context.Context) error {
	s.frozen = true // until transaction has ended it
	return s.transaction(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "COMMIT", false)
}

// transaction reads, perhaps writes its own key, and reads again.
func (s *freshSession) transaction(ctx context.Context, begin, end string, write bool) error {
	if err := s.exec(ctx, begin); err != nil {
		return err
	}
	if err := s.read(ctx, s.conns[0], s.key()); err != nil {
		return err
	}
	if write {
		value := s.wrote[s.own] + 1
		if err := s.writeOwn(ctx, value); err != nil {
			return err
		}
		s.pending = &value
	}
	for range 2 {
		if err := s.read(ctx, s.conns[0], s.key()); err != nil {
			return err
		}
	}
	if err := s.exec(ctx, end); err != nil {
		return err
	}
	if write && end == "COMMIT" {
		s.wrote[s.own]++
	}
	s.pending, s.frozen = nil, false
	return s.read(ctx, s.reader(), s.own)
}

func (s *freshSession) read(ctx context.Context, conn *pgconn.PgConn, key int) error {
	known, how := s.begin(key), s.chance.IntN(3)
	var r *pgconn.Result
	switch how {
	case 0:
		sql := "SELECT value FROM " + FreshTable + " WHERE key = " + strconv.Itoa(key)
		results, err := conn.Exec(ctx, sql).ReadAll()
		if err != nil {
			return fmt.Errorf("read: %w", err)
		}
		r = results[0]
	case 1:
		r = conn.ExecParams(ctx, readSQL, [][]byte{text(int64(key))}, nil, nil, nil).Read()
	default:
		r = conn.ExecPrepared(ctx, preparedRead, [][]byte{text(int64(key))}, nil, nil).Read()
	}
	if r.Err != nil {
		return fmt.Errorf("read: %w", r.Err)
	}
	return s.judge(r, key, known, [...]string{"simple", "extended", "prepared"}[how])
}

// pipeline sends several reads under one Sync.
func (s *freshSession) pipeline(ctx context.Context) error {
	var batch pgconn.Batch
	var keys [pipelined]int
	var known [pipelined]int64
	for i := range keys {
		keys[i] = s.key()
		known[i] = s.begin(keys[i])
		batch.ExecPrepared(preparedRead, [][]byte{text(int64(keys[i]))}, nil, nil)
	}
	results, err := s.reader().ExecBatch(ctx, &batch).ReadAll()
	if err != nil {
		return fmt.Errorf("pipeline: %w", err)
	}
	for i, r := range results {
		if err := s.judge(r, keys[i], known[i], "pipelined"); err != nil {
			return err
		}
	}
	return nil
}

// begin counts a read and says what others have had acknowledged so far.
func (s *freshSession) begin(key int) int64 {
	s.all.taken.Add(1)
	s.report.Reads++
	if key < sharedKeys {
		return s.all.acked[key].Load()
	}
	return 0
}

func (s *freshSession) judge(r *pgconn.Result, key int, known int64, how string) error {
	got, err := number(r)
	if err != nil {
		return err
	}
	must, kind := s.wrote[key], (*int)(nil)
	if key == s.own && s.pending != nil {
		must = *s.pending
	}
	switch {
	case got < must:
		kind = &s.report.Stale
	case got < s.saw[key]:
		kind = &s.report.Backwards
	case key == s.own && got > must:
		kind = &s.report.Wrong
	case got < known && !s.frozen:
		s.report.Behind++
	}
	if kind != nil {
		*kind++
		example(&s.report.Examples, "session %d, %s read of key %d: got %d, wrote %d, saw %d", s.id, how, key, got, must, s.saw[key])
	}
	if key != s.own {
		s.saw[key] = max(s.saw[key], got)
	}
	return nil
}

// number is the one value of a result; no row is as wrong as a wrong one.
func number(r *pgconn.Result) (int64, error) {
	if len(r.Rows) != 1 || len(r.Rows[0]) != 1 {
		return 0, fmt.Errorf("got %d rows, want one value", len(r.Rows))
	}
	return strconv.ParseInt(string(r.Rows[0][0]), 10, 64)
}

func text(v int64) []byte { return strconv.AppendInt(nil, v, 10) }
