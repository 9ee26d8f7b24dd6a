package proxy

import (
	"context"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/protocol"
	"github.com/wyeproxy/wye/shards/commit"
)

// primaryPatience is how long a question of wye's own waits for a shard to
// have a primary.
const primaryPatience = time.Second

// dialAdmin is a commit.Dialer: a connection of wye's own to a shard's
// primary.
func (sh *sharded) dialAdmin(ctx context.Context, shard int) (commit.AdminConn, error) {
	c := sh.peers[shard]
	f := c.fleet.Load()
	n, err := f.awaitBriefly(ctx, primaryPatience)
	if err != nil {
		return nil, fmt.Errorf("shard %d: %w", shard, errNoPrimary)
	}
	conn, err := c.visit(ctx, f.nodes[n], &f.login)
	if err != nil {
		return nil, err
	}
	return &adminConn{conn: conn}, nil
}

// adminConn is a server conn of wye's own, as package commit wants it.
type adminConn struct{ conn *protocol.ServerConn }

// Exec implements commit.Conn.
func (a *adminConn) Exec(ctx context.Context, sql string) (string, error) {
	answer, err := askText(ctx, a.conn, sql)
	if err != nil {
		return "", err
	}
	return answer.tag, nil
}

// Query implements commit.AdminConn.
func (a *adminConn) Query(ctx context.Context, sql string) ([][]string, error) {
	return askRows(ctx, a.conn, sql)
}

// Close implements commit.AdminConn.
func (a *adminConn) Close() { a.conn.Terminate() }
