package proxy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wyeproxy/wye/proxy/session"
	"github.com/wyeproxy/wye/shards"
	"github.com/wyeproxy/wye/shards/commit"
	"github.com/wyeproxy/wye/shards/shardfunc"
)

// begin starts the other shards, and what readies them all for statements.
func (sh *sharded) begin(lead *cluster) {
	lead.others((*cluster).begin)
	lead.probes.Add(2)
	prepared := make(chan struct{})
	go sh.prepare(lead, prepared)
	go sh.recover(lead, prepared)
}

// recoverAnyway is how long recovery waits for all shards to be prepared: it
// reads what that makes, but must work while one of them is down.
const recoverAnyway = 5 * time.Second

// recover finishes what was left prepared, until the cluster is closed.
func (sh *sharded) recover(lead *cluster, prepared <-chan struct{}) {
	defer lead.probes.Done()
	timer := time.NewTimer(recoverAnyway)
	defer timer.Stop()
	select {
	case <-prepared:
	case <-timer.C:
	case <-lead.life.Done():
	}
	sh.recovery.Run(lead.life)
}

// prepareRetry is the pause before shards are asked again that could not be
// prepared.
const prepareRetry = 500 * time.Millisecond

// prepare sees to it that every shard hashes as we do, without which no
// statement is served, and can take part in commits across shards.
func (sh *sharded) prepare(lead *cluster, prepared chan<- struct{}) {
	defer lead.probes.Done()
	defer close(prepared)
	said := make([]string, len(sh.peers))
	for left := shards.All(len(sh.peers)); left != 0 && lead.life.Err() == nil; {
		for k := range left.Each {
			err := sh.prepareShard(lead.life, k)
			if err == nil {
				left &^= shards.One(k)
				continue
			}
			sh.note(k, err.Error())
			if text := err.Error(); text != said[k] && lead.life.Err() == nil {
				said[k] = text
				lead.log.Warn("shard is not ready", "cluster", lead.name, "shard", sh.places.Load().Shards()[k], "error", text)
			}
		}
		sh.planner.checked.Store(uint64(shards.All(len(sh.peers)) &^ left))
		if left != 0 {
			pause(lead.life, prepareRetry)
		}
	}
}

// shardTimeout bounds the preparation of one shard.
const shardTimeout = 10 * time.Second

func (sh *sharded) prepareShard(ctx context.Context, k int) error {
	ctx, stop := context.WithTimeout(ctx, shardTimeout)
	defer stop()
	conn, err := sh.dialAdmin(ctx, k)
	if err != nil {
		return err
	}
	defer conn.Close()
	sql, want := shardfunc.SelfCheck()
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 1 {
		return errors.New("the hash check gave no row")
	}
	if diff := shardfunc.Differs(rows[0][0], want); diff != "" {
		return fmt.Errorf("the server hashes otherwise than wye, so nothing is served: %s", diff)
	}
	sh.note(k, "")
	if sh.limits.Load().Writes == session.TwoPhase {
		sh.prepareCommits(ctx, conn, k)
	}
	return nil
}

// prepareCommits readies a shard for commits by two phases. Without them all
// else works: it is a warning.
func (sh *sharded) prepareCommits(ctx context.Context, conn commit.AdminConn, k int) {
	log := sh.peers[0].log
	most, err := commit.Check(ctx, conn, k)
	if err == nil {
		err = commit.Setup(ctx, conn, sh.peers[0].name, k)
	}
	if err != nil {
		sh.note(k, "transactions that write on several shards will fail: "+err.Error())
		log.Warn("transactions that write on several shards will fail", "cluster", sh.peers[0].name, "shard", k, "error", err.Error())
		return
	}
	sh.budget.Limit(k, most, 1)
}
