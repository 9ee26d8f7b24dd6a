package commit

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// kept is the connection to one shard. One goroutine at a time uses it.
type kept struct {
	conn  AdminConn
	since time.Time
}

// keepConn bounds how long a connection is kept: one that leads to a server
// which is no primary any more, and does not know it, is not asked for ever.
const keepConn = 30 * time.Second

// dialLimit keeps a shard that is not there from holding up the others.
const dialLimit = 2 * time.Second

// conn returns the kept connection to a shard, or a new one.
func (r *Recovery) conn(ctx context.Context, shard int) (AdminConn, error) {
	k := &r.kept[shard]
	if k.conn != nil && r.c.o.Now().Sub(k.since) > keepConn {
		r.drop(shard)
	}
	if k.conn == nil {
		ctx, cancel := context.WithTimeout(ctx, dialLimit)
		defer cancel()
		conn, err := r.c.dial(ctx, shard)
		if err != nil {
			return nil, err
		}
		k.conn, k.since = conn, r.c.o.Now()
	}
	return k.conn, nil
}

func (r *Recovery) drop(shard int) {
	if k := &r.kept[shard]; k.conn != nil {
		k.conn.Close()
		k.conn = nil
	}
}

func (r *Recovery) close() {
	for shard := range r.kept {
		r.drop(shard)
	}
}

// each calls f for all shards at once, within the limit of a round's part,
// but for those that have failed in this round already. The connection to one
// that fails is made anew in the next.
func (r *Recovery) each(ctx context.Context, f func(ctx context.Context, shard int) error) {
	ctx, cancel := context.WithTimeout(ctx, roundLimit)
	defer cancel()
	join(r.shards(), func(shard int) {
		if r.failed[shard] != nil {
			return
		}
		if err := f(ctx, shard); err != nil {
			r.failed[shard] = err
			r.drop(shard)
		}
	})
}

func (r *Recovery) shards() []int {
	all := make([]int, r.o.Shards)
	for i := range all {
		all[i] = i
	}
	return all
}

// settleErrors ends a round: it shows its errors, and logs those that begin
// and those that end.
func (r *Recovery) settleErrors() {
	r.lock.Lock()
	was := r.errs
	r.errs = r.failed
	r.lock.Unlock()
	for shard, err := range r.failed {
		switch {
		case err != nil && was[shard] == nil:
			r.o.Log.Warn("recovery of prepared transactions cannot work on a shard", "shard", shard, "error", err.Error())
		case err == nil && was[shard] != nil:
			r.o.Log.Info("recovery of prepared transactions works on a shard again", "shard", shard)
		}
	}
	r.failed = make([]error, r.o.Shards)
}

// scanLimit bounds what one scan reads; the rest waits for the next round.
const scanLimit = 10000

// scan lists what is prepared on a shard by this cluster's proxies, oldest
// first; whole is false when there may be more.
func (r *Recovery) scan(ctx context.Context, conn AdminConn, shard int) (list []*doubt, whole bool, err error) {
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT gid, owner, extract(epoch FROM clock_timestamp() - prepared)"+
		" FROM pg_prepared_xacts WHERE database = current_database() AND starts_with(gid, '%s') ORDER BY prepared LIMIT %d",
		prefix(r.c.cluster), scanLimit))
	if err != nil {
		return nil, false, err
	}
	for _, row := range rows {
		n, on, ok := parseGID(row[0])
		if !ok || on != shard {
			continue // not made here, whatever its name says
		}
		age, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			return nil, false, err
		}
		list = append(list, &doubt{name: n, Doubt: Doubt{
			GID: row[0], Shard: shard, Decider: n.decider, Owner: row[1], Age: time.Duration(age * float64(time.Second)),
		}})
	}
	return list, len(rows) < scanLimit, nil
}
