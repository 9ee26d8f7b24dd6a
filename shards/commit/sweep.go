package commit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// DefaultKeep is how long a decision that was carried out is remembered: a
// failover to a standby that is a little behind may bring back what is
// prepared.
const DefaultKeep = 2 * time.Minute

const sweepEvery = time.Minute

// keepTombstone outlives every coordinator that could still run into it: the
// function wye.decide refuses a name that is ten minutes old.
const keepTombstone = "interval '1 day'"

// sweepLock is an advisory lock: one proxy is enough.
const sweepLock = setupLock + 1

// Sweep deletes decisions that nobody can ask for any more. Those of commits
// go when nothing is prepared by their name on any shard, and so only when
// all shards could be looked at, in this order: a snapshot of the decisions;
// then what is prepared; then the rows that the snapshot shows are deleted.
// All was prepared before its decision was committed, so what the second step
// did not find is finished.
func (r *Recovery) Sweep(ctx context.Context) {
	s := sweep{r: r, conns: make([]AdminConn, r.o.Shards), mine: make([]bool, r.o.Shards), looked: make([]bool, r.o.Shards), found: make([][]*doubt, r.o.Shards)}
	r.each(ctx, s.snapshot)
	r.each(ctx, s.look)
	r.each(ctx, s.delete)
	r.settleErrors()
}

// sweep is one under way. Each shard's goroutine has its elements.
type sweep struct {
	r      *Recovery
	conns  []AdminConn // in a transaction
	mine   []bool      // nobody else sweeps there
	looked []bool      // all that is prepared there was found
	found  [][]*doubt
}

func (s *sweep) snapshot(ctx context.Context, shard int) error {
	conn, err := s.r.conn(ctx, shard)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ"); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT pg_try_advisory_xact_lock(%d)", sweepLock))
	if err == nil {
		s.conns[shard], s.mine[shard] = conn, rows[0][0] == "t"
	}
	return err
}

func (s *sweep) look(ctx context.Context, shard int) (err error) {
	s.found[shard], s.looked[shard], err = s.r.scan(ctx, s.conns[shard], shard)
	return err
}

// delete ends the transaction. An error of it, that another proxy deleted the
// same for one, leaves the rows for the next time, and costs the connection.
func (s *sweep) delete(ctx context.Context, shard int) error {
	var sql strings.Builder
	if ours := "starts_with(dtx, '" + prefix(s.r.c.cluster) + "')"; s.mine[shard] {
		if !slices.Contains(s.looked, false) {
			fmt.Fprintf(&sql, "DELETE FROM wye.dtx WHERE state = 'c' AND %s AND at < clock_timestamp() - interval '%d ms' AND dtx <> ALL ('{%s}'); ",
				ours, s.r.o.Keep.Milliseconds(), strings.Join(s.names(), ","))
		}
		// The name's own time counts too: the proxy's clock may run ahead.
		fmt.Fprintf(&sql, "DELETE FROM wye.dtx WHERE state = 'a' AND %s AND greatest(at, to_timestamp(split_part(dtx, ':', 4)::float8 / 1000))"+
			" < clock_timestamp() - %s; ", ours, keepTombstone)
	}
	_, err := s.conns[shard].Exec(ctx, sql.String()+"COMMIT")
	return err
}

// names are of all that is prepared anywhere. They have no character that an
// array's text would need quotes for.
func (s *sweep) names() []string {
	var list []string
	for _, found := range s.found {
		for _, d := range found {
			list = append(list, d.name.String())
		}
	}
	return list
}
