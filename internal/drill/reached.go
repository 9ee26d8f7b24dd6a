package drill

import (
	"context"
	"strconv"
	"strings"

	"github.com/wyeproxy/wye/internal/testpg"
)

// ReadsOn is the number of scans of the table that the replicas served so far.
// A replica's counters come late, up to ten seconds; a server process that
// ends hands them in at once, so all client connections of the replicas are
// terminated first. Call it when the load is over.
func ReadsOn(ctx context.Context, table string, replicas []*testpg.Node) (int, error) {
	total := 0
	for _, r := range replicas {
		if err := hangUp(ctx, r); err != nil {
			return 0, err
		}
		v, err := r.Value(ctx, "SELECT coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0) FROM pg_stat_user_tables WHERE relname = '"+table+"'")
		if err != nil {
			return 0, err
		}
		n, err := strconv.Atoi(v)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// hangUp ends the server's client connections but its own and returns when
// they have ended. Others may have come meanwhile.
func hangUp(ctx context.Context, n *testpg.Node) error {
	rows, err := n.Query(ctx, `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`)
	if err != nil {
		return err
	}
	pids := []string{"0"} // for the list's sake; nobody has it
	for _, r := range rows {
		pids = append(pids, r[0])
	}
	left := "SELECT count(*) FROM pg_stat_activity WHERE pid IN (" + strings.Join(pids, ", ") + ")"
	return waitValue(ctx, n, left, "0")
}

// usersOf is the number of client connections whose last statement named the
// table: neither the probes of a proxy nor this question, asked before, count.
func usersOf(ctx context.Context, table string, n *testpg.Node) (int, error) {
	v, err := n.Value(ctx, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%"+table+"%' AND query NOT LIKE '%pg_stat_activity%'")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(v)
}
