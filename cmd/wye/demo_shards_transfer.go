package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// transfersEach is how often each client of the store moves money.
const transfersEach = 20

// tourTransfer moves money between users of any shards, many at once. What
// leaves one shard arrives at another, or neither has happened.
func tourTransfer(ctx context.Context, r *rig) (f finding, err error) {
	before, err := r.store.money(ctx)
	if err != nil {
		return f, err
	}
	var moved, undone atomic.Int64
	began := time.Now()
	err = r.store.fleet.each(func(i int, c *pgconn.PgConn) error {
		for n := range transfersEach {
			back := n%10 == 9 // one of ten is taken back
			if err := transfer(ctx, c, back); err != nil {
				return err
			}
			if back {
				undone.Add(1)
			} else {
				moved.Add(1)
			}
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	rate := float64(moved.Load()+undone.Load()) / time.Since(began).Seconds()
	after, err := r.store.money(ctx)
	if err != nil {
		return f, err
	}
	var asked int
	row, err := ask(ctx, r.store.fleet.conns[0], "SELECT sum(balance) FROM users")
	if err != nil {
		return f, err
	}
	if _, err := fmt.Sscan(row[0], &asked); err != nil {
		return f, err
	}
	err = pollUntil(ctx, "SHOW IN_DOUBT to be empty", func() (bool, error) {
		rows, err := r.show(ctx, "IN_DOUBT")
		return len(rows) == 0, err
	})
	if err != nil {
		return f, err
	}
	twoPhase := after.decided - before.decided
	f.text = fmt.Sprintf("%d transfers of %d clients, %.0f/s, %d rolled back: %d committed in two phases, shards %v -> %v, sum %d as before, %d left prepared",
		moved.Load()+undone.Load(), storePool, rate, undone.Load(), twoPhase, before.on, after.on, asked, after.prepared)
	f.figures = map[string]any{
		"transfers": moved.Load(), "rolled_back": undone.Load(), "per_s": rate, "two_phase": twoPhase,
		"sum_before": before.sum(), "sum_after": asked, "left_prepared": after.prepared,
	}
	switch {
	case after.sum() != before.sum() || asked != before.sum():
		err = fmt.Errorf("the sum was %d, is %d on the servers, and wye says %d", before.sum(), after.sum(), asked)
	case after.prepared != 0:
		err = fmt.Errorf("%d transactions are left prepared", after.prepared)
	case twoPhase == 0 || int64(twoPhase) > moved.Load():
		err = fmt.Errorf("%d of %d transfers were committed in two phases", twoPhase, moved.Load())
	}
	return f, err
}

// transfer moves some money from one user to another. All clients lock the
// lower number first: PostgreSQL sees no deadlock that spans two of it.
func transfer(ctx context.Context, c *pgconn.PgConn, back bool) error {
	a := 1 + rand.IntN(storeUsers-1)
	b := a + 1 + rand.IntN(storeUsers-a)
	amount, end := 1+rand.IntN(100), "COMMIT"
	if back {
		end = "ROLLBACK"
	}
	for _, sql := range []string{
		"BEGIN",
		fmt.Sprintf("UPDATE users SET balance = balance - %d WHERE id = %d", amount, a),
		fmt.Sprintf("UPDATE users SET balance = balance + %d WHERE id = %d", amount, b),
		end,
	} {
		if err := do(ctx, c, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// money is what the servers say of balances and of commits across shards.
type money struct {
	on                [storeShards]int
	decided, prepared int
}

func (m money) sum() int { return m.on[0] + m.on[1] }

// money asks the servers. A commit in two phases leaves its decision for two
// minutes, on the shard that decided.
func (s *store) money(ctx context.Context) (m money, err error) {
	if m.on, err = s.counts(ctx, "SELECT sum(balance) FROM users"); err != nil {
		return m, err
	}
	decided, err := s.counts(ctx, "SELECT count(*) FROM wye.dtx")
	if err != nil {
		return m, err
	}
	prepared, err := s.counts(ctx, "SELECT count(*) FROM pg_prepared_xacts")
	m.decided, m.prepared = decided[0]+decided[1], prepared[0]+prepared[1]
	return m, err
}
