package drill

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wyeproxy/wye/internal/testpg"
)

// Lag makes replicas late: each one, by itself, stops replaying for a random
// time, catches up, and replays for a random, shorter time.
type Lag struct {
	stop  context.CancelFunc
	work  sync.WaitGroup
	errMu sync.Mutex
	err   error
	pause int
}

// StartLag begins; no replica is later than upTo, but for what catching up
// takes. Stop must be called.
func StartLag(ctx context.Context, replicas []*testpg.Node, upTo time.Duration, seed uint64) (*Lag, error) {
	working, stop := context.WithCancel(context.Background())
	l := &Lag{stop: stop}
	for i, r := range replicas {
		conn, err := pgconn.Connect(ctx, r.SuperuserURL("postgres"))
		if err != nil {
			_, _ = l.Stop() // why it could not begin is what matters
			return nil, err
		}
		chance := rand.New(rand.NewPCG(seed, uint64(i)))
		l.work.Go(func() { l.drive(working, conn, upTo, chance) })
	}
	return l, nil
}

// Stop lets all replicas replay again. It returns how often one was halted, and
// the first error, which means that replicas were not as late as asked for.
func (l *Lag) Stop() (halts int, err error) {
	l.stop()
	l.work.Wait()
	return l.pause, l.err
}

func (l *Lag) drive(ctx context.Context, conn *pgconn.PgConn, upTo time.Duration, chance *rand.Rand) {
	order := func(sql string) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := conn.Exec(ctx, sql).ReadAll(); err != nil {
			l.failed(err)
		}
	}
	for ctx.Err() == nil {
		order("SELECT pg_wal_replay_pause()")
		l.errMu.Lock()
		l.pause++
		l.errMu.Unlock()
		pause(ctx, time.Duration(chance.Int64N(int64(upTo))))
		order("SELECT pg_wal_replay_resume()")
		pause(ctx, time.Duration(chance.Int64N(int64(upTo)/4+1)))
	}
	closing, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l.failed(conn.Close(closing))
}

func (l *Lag) failed(err error) {
	l.errMu.Lock()
	defer l.errMu.Unlock()
	if l.err == nil {
		l.err = err
	}
}
