package commit

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol/pgerror"
)

// ask makes the decision final, on a connection to the decider, and returns
// it. Where there is no decision row it puts a tombstone in its place, for
// which it waits, up to the connection's lock_timeout, as long as a
// transaction is open that has written one. A coordinator that comes later
// runs into the tombstone. The statements are separate because one that
// waited would still not see the row that it waited for.
func ask(ctx context.Context, conn AdminConn, n name) (committed bool, err error) {
	committed, known, err := read(ctx, conn, n)
	if known || err != nil {
		return committed, err
	}
	_, err = conn.Exec(ctx, "INSERT INTO wye.dtx (dtx, state) VALUES ('"+n.String()+"', 'a') ON CONFLICT DO NOTHING")
	if err != nil {
		return false, err
	}
	committed, known, err = read(ctx, conn, n)
	if err == nil && !known {
		err = fmt.Errorf("decision of %s vanished", n)
	}
	return committed, err
}

// read looks for a committed row: its state never changes.
func read(ctx context.Context, conn AdminConn, n name) (committed, known bool, err error) {
	rows, err := conn.Query(ctx, "SELECT state FROM wye.dtx WHERE dtx = '"+n.String()+"'")
	if err != nil || len(rows) == 0 {
		return false, false, err
	}
	switch rows[0][0] {
	case "c":
		return true, true, nil
	case "a":
		return false, true, nil
	}
	return false, false, fmt.Errorf("decision of %s is %q", n, rows[0][0])
}

// askPatiently asks the decider over new connections until it answers, or the
// limit is over: it may just be restarting, or being replaced.
func (c *Coordinator) askPatiently(ctx context.Context, n name) (committed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Limit)
	defer cancel()
	for {
		if committed, err = c.askOnce(ctx, n); err == nil {
			return committed, nil
		}
		if wait(ctx, 100*time.Millisecond, nil); ctx.Err() != nil {
			return false, err
		}
	}
}

func (c *Coordinator) askOnce(ctx context.Context, n name) (bool, error) {
	conn, err := c.dial(ctx, n.decider)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	return ask(ctx, conn, n)
}

// prelude makes an admin connection one whose statements mean what they say,
// whatever its role's defaults are. Each statement sees what was committed
// before it, waits for no lock for long, and is not forgotten in a crash.
const prelude = "SET lock_timeout = '100ms'; SET statement_timeout = 0; SET default_transaction_read_only = off;" +
	" SET default_transaction_isolation = 'read committed'; SET search_path = pg_catalog, pg_temp;" +
	" SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"

// dial connects to a shard, and makes sure that it is that shard, and its
// primary: a standby does not show what is prepared, and another shard would
// take every transaction for abandoned.
func (c *Coordinator) dial(ctx context.Context, shard int) (AdminConn, error) {
	conn, err := c.o.Dial(ctx, shard)
	if err != nil {
		return nil, err
	}
	if err := c.verify(ctx, conn, shard); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

func (c *Coordinator) verify(ctx context.Context, conn AdminConn, shard int) error {
	if _, err := conn.Exec(ctx, prelude); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, fmt.Sprintf(
		"SELECT pg_is_in_recovery(), EXISTS (SELECT FROM wye.shard WHERE cluster = '%s' AND number = %d)", c.cluster, shard))
	switch {
	case err != nil:
		return err
	case rows[0][0] != "f":
		return pgerror.Newf(pgerror.ReadOnlySQLTransaction, "the server of shard %d is a replica", shard)
	case rows[0][1] != "t":
		return pgerror.Newf(pgerror.ObjectNotInPrerequisiteStat, "the server is not set up as shard %d of the cluster", shard)
	}
	return nil
}
